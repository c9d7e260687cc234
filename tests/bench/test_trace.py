from __future__ import annotations

import pytest

from tests.bench import trace
from tests.bench.trace import Traced


def job(queued_at, started_at, finished_at):
    return Traced(queued_at, started_at, finished_at, finished_at + 1, 3, "acme")


def test_the_list_schedule_gives_each_job_in_turn_to_the_slot_that_is_free_first():
    # Two slots: 4 and 3 begin, the 2 after the 3 ends at 5, the 6 after the 4 ends at 10.
    jobs = [(0, 4), (0, 3), (0, 2), (0, 6)]

    assert trace.without_delay(jobs, 2) == 10


def test_a_slot_waits_for_a_job_that_is_wanted_later():
    assert trace.without_delay([(5, 1), (9, 2)], 1) == 6


def test_a_trace_is_scheduled_in_the_order_of_its_starts():
    delayed = [job(100, 107, 109), job(100, 100, 104), job(100, 101, 104)]

    assert trace.makespan(delayed) == 9
    assert trace.list_schedule(delayed, 2) == 5


def test_the_jobs_that_ran_at_once_are_counted_and_one_that_follows_another_is_not():
    assert trace.most_at_once([job(0, 0, 4), job(0, 1, 3), job(0, 3, 5)]) == 2


def test_the_use_of_the_slots_is_counted_until_the_last_start():
    # Of 2 slots for 6 seconds, one job used 6 and another 3.
    assert trace.use_while_waiting([job(0, 0, 8), job(0, 1, 4), job(0, 6, 9)], 2) == pytest.approx(9 / 12)


def test_a_trace_is_read_as_it_was_written(tmp_path):
    jobs = [job(0, 1, 2), job(0, 2, 3.5)]

    trace.write(jobs, tmp_path / "trace.jsonl")

    assert trace.read(tmp_path / "trace.jsonl") == jobs
