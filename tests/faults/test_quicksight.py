"""Rows 5 to 9. What QuickSight and S3 can do to a job, met by a real pump with its threads and its budget; counted at the pretend AWS."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.config import Config

from reports.aws import clients
from reports.models import Account
from tenants.scope import engine_scope
from tests.factories import make_grant, make_report
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.reports.engine import steps
from tests.reports.engine.test_given_up import rests

pytestmark = pytest.mark.django_db(transaction=True)
SLOTS = 3


@pytest.fixture(autouse=True)
def few_slots(account, aws):
    use_slots(account, aws, SLOTS)


def pump_until_ended(account, aws, *jobs, seconds: float = 30, turns: int = 60) -> None:
    """So many seconds go by after each turn, here and at the pretend AWS."""
    with steps.pumping(account) as one_turn:
        for _ in range(turns):
            one_turn()
            if all(steps.now_of(job).has_ended for job in jobs):
                return
            steps.let_pass(*jobs, seconds=seconds)
            aws.control.advance_clock(seconds)
    raise AssertionError([steps.status_of(job) for job in jobs])


@pytest.mark.parametrize("operation", [steps.START, steps.RESULT])
def test_row_5_throttling_costs_time_and_no_attempt(operation, aws, account, acme, daily_calls):
    aws.control.fail_next(operation, "ThrottlingException", times=3)
    jobs = [steps.submit(acme) for _ in range(4)]

    pump_until_ended(account, aws, *jobs)

    assert_exactly_once(aws, account, jobs, slots=SLOTS)
    assert_delivered(jobs)
    assert [len(steps.attempts_of(job)) for job in jobs] == [1] * 4


def test_row_6_errors_for_ever_fail_one_job_at_its_deadline_and_no_other(aws, account, acme, daily_calls):
    make_grant(tenant=acme, report=make_report(slug="agent-scorecard", account=account, visual_ids=["table-1"], parameters=[]))
    aws.control.fail_next(steps.START, "InternalFailureException", dashboard="agent-scorecard", times=100_000)
    poison = steps.submit(acme, "agent-scorecard", lane=0)
    others = [steps.submit(acme) for _ in range(5)]

    pump_until_ended(account, aws, *others, seconds=20)
    before = steps.now_of(poison)
    steps.let_pass(poison, hours=6)
    with steps.pumping(account) as one_turn:
        one_turn()

    failed = steps.now_of(poison)
    assert (before.status, before.waiting) == ("starting", "no_answer")
    assert (failed.status, failed.failure_text) == ("failed", "QuickSight did not answer until the job's deadline.")
    assert_exactly_once(aws, account, others, slots=SLOTS, never_sent=[poison])
    assert_delivered(others)
    # It was never known whether QuickSight took it: its slot is nobody's for a while, and then free.
    assert len(rests(account)) == 1
    with engine_scope():
        assert Account.objects.get(pk=account.pk).unanswered_since is None


@pytest.mark.parametrize("lost", ["answer", "patience"])
def test_row_7_a_start_that_was_accepted_unheard_is_adopted(lost, aws, account, acme, daily_calls, monkeypatch, new_clients):
    if lost == "answer":
        aws.control.accept_then_drop(times=SLOTS)
    else:
        monkeypatch.setattr(clients, "QUICKSIGHT", clients.QUICKSIGHT.merge(Config(read_timeout=0.25)))
        aws.control.hang(steps.START, 0.6, times=SLOTS)
    jobs = [steps.submit(acme) for _ in range(5)]

    pump_until_ended(account, aws, *jobs)

    assert_exactly_once(aws, account, jobs, slots=SLOTS)
    assert_delivered(jobs)
    assert [len(steps.attempts_of(job)) for job in jobs] == [1] * 5
    assert aws.control.stats()["start_calls"] == 5 + SLOTS


def test_row_8_a_file_that_is_missing_is_waited_for_then_made_once_more(aws, account, acme, daily_calls):
    aws.control.damage_results("missing_object")
    job = steps.submit(acme)

    pump_until_ended(account, aws, job)

    first, second = steps.attempts_of(job)
    assert first.failure_code == "result_missing"
    assert first.ended_at - first.accepted_at >= timedelta(minutes=5)
    assert_exactly_once(aws, account, [job], slots=SLOTS)
    assert_delivered([job])
    assert {file.attempt_id for file in steps.files_of(job)} == {second.pk}


def test_row_8_a_file_that_never_comes_ends_in_words_and_no_file(aws, account, acme, daily_calls):
    aws.control.damage_results("missing_object", times=100)
    job = steps.submit(acme)

    pump_until_ended(account, aws, job)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_text) == ("failed", "QuickSight said that the report was ready, but a file was not there.")
    assert steps.files_of(job) == []
    assert len(steps.attempts_of(job)) == 2
    assert_exactly_once(aws, account, [job], slots=SLOTS)


@pytest.mark.parametrize(("format", "damage"), [("PDF", "truncated"), ("EXCEL", "wrong_type"), ("CSV", "truncated")])
def test_row_9_a_damaged_file_is_never_handed_out(format, damage, aws, account, acme, daily_calls):
    aws.control.damage_results(damage, times=100)
    job = steps.submit(acme, formats=[format])

    pump_until_ended(account, aws, job)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_text) == ("failed", "QuickSight delivered a file that cannot be opened, so it was not kept.")
    assert steps.files_of(job) == []
    assert len(steps.attempts_of(job)) == 3
    assert_exactly_once(aws, account, [job], slots=SLOTS)
