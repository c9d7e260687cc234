"""Slots played through on paper."""

from __future__ import annotations

import math

import pytest

from reports.engine import peaks
from reports.engine.pace import Expected
from reports.engine.peaks import LOST_BETWEEN_JOBS, Planned

MINUTE = 60.0
HELD = 10 * MINUTE * (1 + LOST_BETWEEN_JOBS)


def ten_minutes(due: float, promised: float | None = None) -> Planned:
    """Exactly so long each time."""
    return Planned(due, Expected(math.log(10 * MINUTE), 0.0), promised)


def test_jobs_that_find_a_slot_make_no_peak():
    assert peaks.peaks([ten_minutes(0)] * 3, slots=3) == []
    assert peaks.most_at_once([ten_minutes(0)] * 3 + [ten_minutes(5 * MINUTE)], slots=12) == 4


def test_a_peak_is_over_when_the_last_round_of_its_jobs_is():
    (peak,) = peaks.peaks([ten_minutes(0)] * 7, slots=3)

    assert (peak.first, peak.last, peak.jobs) == (0, 0, 7)
    assert peak.ready == pytest.approx(3 * HELD)
    assert peak.longest_wait == pytest.approx(2 * HELD)


def test_who_comes_while_others_wait_belongs_to_their_peak_and_who_comes_later_does_not():
    found = peaks.peaks([ten_minutes(0)] * 4 + [ten_minutes(5 * MINUTE), *[ten_minutes(3 * HELD)] * 3], slots=2)

    assert [(peak.first, peak.last, peak.jobs) for peak in found] == [(0, 5 * MINUTE, 5), (3 * HELD, 3 * HELD, 3)]


def test_jobs_that_end_after_what_was_promised_are_late():
    promised = HELD + MINUTE
    (peak,) = peaks.peaks([ten_minutes(0, promised)] * 5, slots=2)

    assert peak.late == 3


def test_durations_that_spread_make_the_end_later_than_their_mean_does():
    spread = Planned(0, Expected(math.log(MINUTE), 0.8))
    same = Planned(0, Expected(math.log(spread.expected.mean), 0.0))

    (apart,), (alike,) = peaks.peaks([spread] * 24, slots=12), peaks.peaks([same] * 24, slots=12)

    assert apart.ready > alike.ready


def test_the_same_jobs_give_the_same_answer_each_time():
    jobs = [Planned(number, Expected(math.log(MINUTE), 0.5)) for number in range(200)]

    assert peaks.peaks(jobs, slots=4) == peaks.peaks(jobs, slots=4)


def test_requests_limit_how_many_slots_are_of_use():
    assert peaks.usable_slots(100, requests_per_second=10, mean_seconds=25, calls=8) == 28
    assert peaks.usable_slots(12, requests_per_second=10, mean_seconds=25, calls=8) == 12
    assert peaks.usable_slots(12, requests_per_second=0.1, mean_seconds=1, calls=8) == 1


def test_so_many_times_as_many_jobs_are_due_at_the_same_instants():
    jobs = [ten_minutes(float(number)) for number in range(10)]

    assert len(peaks.times_as_many(jobs, 1.5)) == 15
    assert len(peaks.times_as_many(jobs, 0.2)) == 2
    assert {job.due for job in peaks.times_as_many(jobs, 3)} == {job.due for job in jobs}
