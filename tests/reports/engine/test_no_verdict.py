"""QuickSight said nothing, or "not now": the same id is sent again, no attempt is counted, and the deadline is the only end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from botocore.config import Config

from reports.aws import clients
from reports.engine import cadence, pause
from reports.models import Account
from tenants.scope import engine_scope
from tests.reports.engine import steps
from tests.reports.engine.readings import both_readings

HANG = 0.5
SILENCE = {
    "500": lambda control: control.fail_next(steps.START, "InternalFailureException", times=2),
    "503": lambda control: control.fail_next(steps.START, "ServiceUnavailable", status=503, times=2),
    "connection closed": lambda control: control.drop(steps.START, times=2),
}


def unanswered_since(account):
    with engine_scope():
        return Account.objects.values_list("unanswered_since", flat=True).get(pk=account.pk)


@pytest.fixture
def impatient(monkeypatch, new_clients):
    """A read time-out of a quarter of a second."""
    monkeypatch.setattr(clients, "QUICKSIGHT", clients.QUICKSIGHT.merge(Config(read_timeout=0.25)))


@both_readings
@pytest.mark.django_db
class TestAStartWithoutVerdict:
    @pytest.mark.parametrize("kind", SILENCE)
    def test_is_sent_again_under_the_same_id(self, kind, aws, account, acme, daily_calls):
        SILENCE[kind](aws.control)
        job = steps.submit(acme)

        (report,) = steps.turn(account)
        waiting, slots = steps.now_of(job), steps.held_slots(account)
        steps.run_until_ended(account, job)

        assert report.answered is False
        assert (waiting.status, waiting.waiting, waiting.attempt_count, slots) == ("starting", "no_answer", 1, 1)
        (attempt,) = steps.attempts_of(job)
        assert aws.control.stats()["accepted"] == {str(attempt.pk): 1}
        assert steps.status_of(job) == "completed"
        assert steps.now_of(job).waiting == ""
        assert len(steps.events_of(job, "unanswered")) == 1

    def test_that_timed_out_after_it_was_accepted_is_adopted(self, aws, account, acme, daily_calls, impatient):
        aws.control.hang(steps.START, HANG)
        job = steps.submit(acme)

        (report,) = steps.turn(account)
        steps.run_until_ended(account, job)

        assert report.answered is False
        (attempt,) = steps.attempts_of(job)
        assert aws.control.stats()["accepted"] == {str(attempt.pk): 1}
        assert steps.status_of(job) == "completed"

    def test_whose_answer_was_lost_is_adopted(self, aws, account, acme, daily_calls):
        aws.control.accept_then_drop()
        job = steps.submit(acme)

        steps.run_until_ended(account, job)

        (attempt,) = steps.attempts_of(job)
        stats = aws.control.stats()
        assert (stats["accepted"], stats["start_calls"]) == ({str(attempt.pk): 1}, 2)
        assert steps.status_of(job) == "completed"

    def test_that_was_throttled_keeps_its_slot_and_blames_nobody(self, aws, account, acme, daily_calls):
        aws.control.fail_next(steps.START, "ThrottlingException")
        job = steps.submit(acme)

        (report,) = steps.turn(account)
        waiting, slots = steps.now_of(job), steps.held_slots(account)
        steps.run_until_ended(account, job)

        assert (report.answered, report.throttled) == (True, True)
        assert (waiting.status, waiting.waiting, slots) == ("starting", "throttled", 1)
        assert steps.events_of(job, "unanswered") == []
        assert len(steps.attempts_of(job)) == 1

    def test_for_want_of_a_slot_goes_back_to_the_queue_with_its_id(self, aws, account, acme, daily_calls):
        aws.control.set(slots=0)
        job = steps.submit(acme)

        steps.turn(account)
        waiting, slots = steps.now_of(job), steps.held_slots(account)
        (refused,) = steps.attempts_of(job)
        aws.control.set(slots=12)
        steps.run_until_ended(account, job)

        assert (waiting.status, waiting.waiting, slots) == ("queued", "slots_taken", 0)
        assert refused.ended_at is None
        assert [attempt.pk for attempt in steps.attempts_of(job)] == [refused.pk]
        assert steps.now_of(job).attempt_count == 1
        assert steps.status_of(job) == "completed"


@both_readings
@pytest.mark.django_db
@pytest.mark.parametrize(("operation", "status"), [(steps.DESCRIBE, "running"), (steps.RESULT, "collecting")])
def test_a_look_or_a_result_without_verdict_is_asked_again(operation, status, aws, account, acme, daily_calls):
    aws.control.fail_next(operation, "InternalFailureException", times=2)
    job = steps.submit(acme)

    steps.run_until(account, job, status=status)
    while not steps.now_of(job).no_verdicts:
        steps.let_pass(job, seconds=5)
        steps.turn(account)
    waiting = steps.now_of(job)
    steps.run_until_ended(account, job)

    assert (waiting.status, waiting.waiting) == (status, "no_answer")
    assert steps.status_of(job) == "completed"
    assert len(steps.attempts_of(job)) == 1


@pytest.mark.django_db
def test_calls_without_verdict_are_counted_for_their_attempt_alone(aws, account, acme, daily_calls):
    aws.control.fail_next(steps.RESULT, "InternalFailureException")
    aws.control.damage_results("empty_object")
    job = steps.submit(acme)
    steps.run_until(account, job, status="collecting")
    steps.turn(account)
    unheard = steps.now_of(job).no_verdicts
    steps.make_due(job)

    steps.turn(account)

    assert unheard == 1
    assert (steps.status_of(job), steps.now_of(job).no_verdicts) == ("queued", 0)


@both_readings
@pytest.mark.django_db
def test_a_result_asked_for_too_early_is_not_an_outage(aws, account, acme, daily_calls):
    aws.control.fail_next(steps.RESULT, "PreconditionNotMetException")
    job = steps.submit(acme)

    steps.run_until(account, job, status="collecting")
    while not steps.now_of(job).no_verdicts:
        steps.let_pass(job, seconds=5)
        (report,) = steps.turn(account)
    waiting = steps.now_of(job).waiting
    steps.run_until_ended(account, job)

    assert (report.answered, waiting) == (True, "")
    assert steps.events_of(job, "unanswered") == []
    assert steps.status_of(job) == "completed"


@pytest.mark.django_db(transaction=True)
class TestAnOutage:
    def test_pauses_the_account_until_the_first_answer(self, aws, account, acme, daily_calls, monkeypatch):
        monkeypatch.setattr(pause, "SHORT", timedelta(0))
        aws.control.outage()
        early = [steps.submit(acme) for _ in range(3)]
        steps.mark_checked(daily_calls)

        with steps.pumping(account) as one_turn:
            one_turn()
            silent_since = unanswered_since(account)
            late = [steps.submit(acme) for _ in range(2)]
            steps.mark_checked(daily_calls)
            one_turn()
            during = [steps.status_of(job) for job in early + late]
            aws.control.outage(False)
            steps.let_pass(early[0], minutes=2)
            one_turn()
            after = unanswered_since(account)
            looked_at_at_once = one_turn()
            states = [steps.status_of(job) for job in early + late]

        assert silent_since
        assert during == ["starting"] * 3 + ["queued"] * 2
        assert after is None
        assert not looked_at_at_once.pause.silence.silent
        assert states == ["running"] * 5
        assert sorted(aws.control.stats()["accepted"].values()) == [1] * 5

    def test_of_ten_minutes_fails_no_job_and_the_page_can_say_why(self, aws, account, acme, daily_calls):
        aws.control.outage(status=500)
        waiting = [steps.submit(acme) for _ in range(3)]

        with steps.pumping(account) as one_turn:
            for _ in range(20):
                one_turn()
                steps.let_pass(*waiting, seconds=30)
            during = [steps.now_of(job) for job in waiting]
            silent_since = unanswered_since(account)
            aws.control.outage(False)
            one_turn()
        steps.run_until_ended(account, *waiting)

        assert silent_since
        assert [(job.status, job.get_waiting_display()) for job in during] == [("starting", "QuickSight is not answering")] * 3
        assert min(job.no_verdicts for job in during) >= 5
        assert [steps.status_of(job) for job in waiting] == ["completed"] * 3
        assert [len(steps.attempts_of(job)) for job in waiting] == [1] * 3
        assert [len(steps.events_of(job, "unanswered")) for job in waiting] == [1] * 3

    def test_until_the_deadline_fails_jobs_with_the_reason_and_frees_their_slots(self, aws, account, acme, daily_calls):
        aws.control.outage()
        started, other = steps.submit(acme), steps.submit(acme)
        steps.mark_checked(daily_calls)

        with steps.pumping(account) as one_turn:
            one_turn()
            queued = steps.submit(acme)
            steps.let_pass(started, other, queued, hours=7)
            one_turn()

        for job in (started, other, queued):
            assert steps.now_of(job).failure_code == "service_unavailable"
            assert steps.now_of(job).failure_text == "QuickSight did not answer until the job's deadline."
        (attempt,) = steps.attempts_of(started)
        assert (attempt.failure_code, attempt.error_type) == ("service_unavailable", "ServiceUnavailable")
        assert steps.held_slots(account) == 0

    def test_that_outlived_every_started_job_ends_by_a_probe(self, aws, account, acme, daily_calls, monkeypatch):
        monkeypatch.setattr(cadence, "PROBE", timedelta(0))
        aws.control.outage()
        lost, other = steps.submit(acme), steps.submit(acme)
        steps.mark_checked(daily_calls)
        with steps.pumping(account) as one_turn:
            one_turn()
            steps.let_pass(lost, other, hours=7)
            one_turn()
        aws.control.outage(False)
        later = [steps.submit(acme) for _ in range(3)]

        with steps.pumping(account) as one_turn:
            one_turn()
            probing = [steps.status_of(job) for job in later]
            one_turn()
            states = [steps.status_of(job) for job in later]

        assert steps.status_of(lost) == "failed"
        assert sorted(probing) == ["queued", "queued", "running"]
        assert states == ["running"] * 3
        assert unanswered_since(account) is None
