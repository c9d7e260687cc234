"""The result call as the look: it tells "not yet" in one call, and the end with all files."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from reports.aws import clients
from reports.engine import cadence, crew, look
from reports.models import Account, Report, Slot, SnapshotJob
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.reports.engine import steps
from tests.reports.engine.readings import both_readings


@pytest.fixture
def account(account):
    with platform_scope():
        Account.objects.filter(pk=account.pk).update(look=Account.Look.RESULT)
    return account


@both_readings
def test_a_job_is_seen_to_end_and_collected_in_one_step(aws, account, acme, daily_calls):
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    calls = aws.control.stats()["calls"]
    assert steps.status_of(job) == "completed"
    assert steps.DESCRIBE not in calls
    assert len(steps.files_of(job)) == 1
    assert [event.type for event in steps.events_of(job)] == ["queued", "submitted", "accepted", "rendered", "saved", "completed"]
    (attempt,) = steps.attempts_of(job)
    assert attempt.service_status == "COMPLETED"
    assert attempt.service_created_at < attempt.service_updated_at


@both_readings
def test_a_look_that_is_too_early_costs_one_call_and_changes_nothing(aws, account, acme, daily_calls):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    steps.make_due(job)

    steps.turn(account)

    running = steps.now_of(job)
    assert (running.status, running.lease_until, running.no_verdicts, running.waiting) == ("running", None, 0, "")
    assert aws.control.stats()["calls"][steps.RESULT] == 1
    assert steps.held_slots(account) == 1


def test_a_job_whose_files_are_not_there_yet_gives_its_slot_back_at_once(aws, account, acme, daily_calls):
    aws.control.damage_results("missing_object")
    job = steps.submit(acme)

    steps.run_until(account, job, status="collecting")

    assert steps.held_slots(account) == 0
    assert steps.now_of(job).lease_until is None


def test_a_job_that_failed_at_quicksight_is_tried_again(aws, account, acme, daily_calls):
    aws.control.fail_jobs(times=1)
    job = steps.submit(acme)

    steps.run_until_ended(account, job, seconds=100)

    assert steps.status_of(job) == "completed"
    assert [attempt.failure_code for attempt in steps.attempts_of(job)] == ["report_failed", ""]


def test_a_file_store_that_says_nothing_is_asked_again_and_the_slot_is_free(aws, account, acme, daily_calls, monkeypatch, new_clients):
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    job = steps.submit(acme)
    steps.run_until(account, job, status="collecting")
    held = steps.held_slots(account)
    monkeypatch.setitem(os.environ, "AWS_ENDPOINT_URL_S3", aws.url)
    clients.forget()

    steps.run_until_ended(account, job)

    assert held == 0
    assert steps.status_of(job) == "completed"
    assert len(steps.attempts_of(job)) == 1


def test_a_pump_that_ends_while_files_are_read_gives_the_job_back(aws, account, acme, daily_calls):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    aws.control.finish(str(steps.attempts_of(job)[0].pk))
    steps.make_due(job)
    with engine_scope():
        (lease,) = steps.leasing.take_due(account.pk, 5)
    seen = look.look(lease, steps.quicksight(account), timezone.now)

    with engine_scope():
        steps.leasing.release([lease])

    given_back = steps.now_of(job)
    assert (seen.moved, given_back.status, given_back.lease_until) == (True, "collecting", None)


class TestTheTimeItIsGiven:
    """An attempt that renders longer than its report may is given up, and what comes of it later is nobody's."""

    @pytest.fixture(params=[Account.Look.RESULT, Account.Look.DESCRIBE])
    def job(self, request, aws, account, acme, daily_calls):
        with platform_scope():
            Account.objects.filter(pk=account.pk).update(look=request.param)
            Report.objects.filter(pk=daily_calls.pk).update(render_minutes=15)
        aws.control.stuck_jobs(times=1)
        job = steps.submit(acme)
        steps.run_until(account, job, status="running")
        return job

    def test_ends_the_attempt_and_rests_the_slot(self, aws, account, job):
        steps.let_pass(job, minutes=16)
        steps.turn(account)

        waiting, (attempt,) = steps.now_of(job), steps.attempts_of(job)
        assert (waiting.status, waiting.waiting) == ("queued", "retry")
        assert (attempt.failure_code, attempt.ended_at is None) == ("render_timeout", False)
        assert steps.held_slots(account) == 0
        with engine_scope():
            assert Slot.objects.filter(account=account).exclude(rests_until=None).count() == 1

    def test_is_not_over_a_minute_before(self, aws, account, job):
        steps.let_pass(job, minutes=14)
        steps.turn(account)

        assert steps.status_of(job) == "running"

    def test_once_over_is_over_whatever_quicksight_says_later(self, aws, account, acme, daily_calls, job):
        late = lease_of(account, job)
        steps.let_pass(job, minutes=16)
        again = lease_of(account, job)
        with engine_scope():
            steps.leasing.release([again])
        steps.make_due(job)
        steps.turn(account)
        (attempt,) = steps.attempts_of(job)
        aws.control.finish(str(attempt.pk))
        reports = steps.work_on(account, late)
        steps.run_until_ended(account, job, seconds=100)

        first, second = steps.attempts_of(job)
        assert reports[0].news == crew.News.NOT_YET
        assert (first.failure_code, second.failure_code) == ("render_timeout", "")
        assert {file.attempt_id for file in steps.files_of(job)} == {second.pk}
        assert len(steps.events_of(job, "completed")) == 1


def lease_of(account, job):
    """As if nobody held one."""
    steps.let_pass(job, hours=0.4)
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(lease_until=None)
    steps.make_due(job)
    with engine_scope():
        (lease,) = steps.leasing.take_due(account.pk, 5)
    return lease


def test_a_first_look_is_put_off_to_when_such_a_report_may_have_ended(aws, account, acme, daily_calls):
    aws.control.stuck_jobs()
    job = steps.submit(acme)

    steps.run_until(account, job, status="running")

    running = steps.now_of(job)
    assert running.rendering_since
    assert running.render_until == running.rendering_since + timedelta(minutes=600)
    assert (running.next_look_at - running.rendering_since).total_seconds() > cadence.SHORTEST_LOOK
