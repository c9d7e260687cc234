"""What counts as an attempt, how many there are, and how a job fails in words."""

from __future__ import annotations

import pytest

from reports.engine.collect import PERMANENT
from reports.models import Slot
from tenants.scope import engine_scope
from tests.reports.engine import steps
from tests.reports.engine.readings import both_readings

pytestmark = pytest.mark.django_db
AWS_TEXT = "Rendering node i-0abc ran out of memory."
REFUSALS = {
    "InvalidParameterValueException": ("parameter_refused", "QuickSight did not accept the request for this report."),
    "ResourceNotFoundException": ("report_missing", "The dashboard behind this report no longer exists in QuickSight."),
    "AccessDeniedException": ("access_denied", "QuickSight refused the portal access to this report."),
}


@both_readings
def test_a_job_that_failed_at_quicksight_gets_a_new_id_after_a_while(aws, account, acme, daily_calls):
    aws.control.fail_jobs(message=AWS_TEXT)
    job = steps.submit(acme)

    steps.run_until(account, job, status="queued")
    steps.run_until(account, job, status="collecting")
    steps.turn(account)
    back = steps.now_of(job)
    steps.turn(account)
    too_early = steps.status_of(job)
    steps.run_until_ended(account, job)

    assert (back.status, back.waiting, too_early) == ("queued", "retry", "queued")
    (event,) = steps.events_of(job, "attempt_failed")
    assert 45 <= event.data["wait"] <= 75
    first, second = steps.attempts_of(job)
    assert (first.failure_code, first.error_type, first.error_message) == ("report_failed", "INTERNAL_FAILURE", AWS_TEXT)
    assert second.failure_code == ""
    assert aws.control.stats()["accepted"] == {str(first.pk): 1, str(second.pk): 1}
    assert steps.status_of(job) == "completed"


@both_readings
def test_the_third_failed_attempt_is_the_last(aws, account, acme, daily_calls):
    aws.control.fail_jobs(times=4, message=AWS_TEXT)
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "report_failed")
    assert failed.failure_text == "QuickSight could not render this report."
    assert [attempt.error_message for attempt in steps.attempts_of(job)] == [AWS_TEXT] * 3
    first, second = (event.data["wait"] for event in steps.events_of(job, "attempt_failed"))
    assert 45 <= first <= 75 < 90 <= second <= 150
    assert AWS_TEXT not in str([event.data for event in steps.events_of(job)])
    assert steps.held_slots(account) == 0


@pytest.mark.parametrize("error_type", sorted(PERMANENT))
def test_what_would_fail_again_is_not_tried_again(error_type, aws, account, acme, daily_calls):
    aws.control.fail_jobs(error_type=error_type, times=3)
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    (attempt,) = steps.attempts_of(job)
    assert (steps.status_of(job), attempt.error_type) == ("failed", error_type)


@pytest.mark.parametrize("code", REFUSALS)
def test_a_refused_start_ends_the_job_with_its_cause(code, aws, account, acme, daily_calls):
    aws.control.fail_next(steps.START, code)
    job = steps.submit(acme)

    steps.turn(account)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code, failed.failure_text) == ("failed", *REFUSALS[code])
    (attempt,) = steps.attempts_of(job)
    assert (attempt.failure_code, attempt.error_type) == (failed.failure_code, code)
    assert steps.held_slots(account) == 0


@both_readings
def test_a_job_that_quicksight_forgot_is_started_anew(aws, account, acme, daily_calls):
    aws.control.fail_next(steps.DESCRIBE, "ResourceNotFoundException")
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    assert steps.status_of(job) == "completed"
    assert [attempt.failure_code for attempt in steps.attempts_of(job)] == ["result_missing", ""]


def test_a_look_that_is_refused_ends_the_job(aws, account, acme, daily_calls):
    aws.control.fail_next(steps.DESCRIBE, "AccessDeniedException")
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    assert steps.now_of(job).failure_code == "access_denied"
    assert steps.held_slots(account) == 0


@both_readings
class TestTheDeadline:
    def test_ends_a_job_that_quicksight_never_finishes(self, aws, account, acme, daily_calls):
        aws.control.stuck_jobs()
        job = steps.submit(acme)
        steps.run_until(account, job, status="running")

        # QuickSight's own clock decides when its job leaves its queue.
        aws.control.advance_clock(60, settle=False)
        steps.let_pass(job, hours=7)
        steps.turn(account)

        failed = steps.now_of(job)
        assert (failed.failure_code, failed.failure_text) == (
            "deadline_passed",
            "The job could not be finished before its deadline.",
        )
        (attempt,) = steps.attempts_of(job)
        assert (attempt.failure_code, attempt.service_status) == ("deadline_passed", "RUNNING")
        assert steps.held_slots(account) == 0

    def test_keeps_a_late_job_from_being_sent(self, aws, account, acme, daily_calls):
        job = steps.submit(acme)

        steps.let_pass(job, hours=7)
        steps.turn(account)

        assert steps.now_of(job).failure_code == "deadline_passed"
        assert aws.control.stats()["start_calls"] == 0
        assert steps.held_slots(account) == 0

    @pytest.mark.django_db(transaction=True)
    def test_ends_a_job_that_never_got_a_slot(self, aws, account, acme, daily_calls):
        with engine_scope():
            Slot.objects.filter(account=account).update(enabled=False)
        job = steps.submit(acme)

        with steps.pumping(account) as one_turn:
            one_turn()
            before = steps.status_of(job)
            steps.let_pass(job, hours=7)
            one_turn()

        assert before == "queued"
        assert steps.now_of(job).failure_code == "deadline_passed"
