"""A job whose result nobody wants any more: QuickSight cannot stop it, so it keeps its slot, and ends cancelled without files."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports import jobs
from reports.engine import cadence
from reports.models import Event, Pause, Slot, SnapshotJob
from reports.refused import Refused
from tenants.models import AuditEvent
from tenants.scope import engine_scope, tenant_scope
from tests.factories import make_delivery
from tests.reports.engine import steps
from tests.reports.engine.readings import both_readings

pytestmark = pytest.mark.django_db


def discard(job: SnapshotJob) -> SnapshotJob:
    with tenant_scope(job.tenant_id):
        found = SnapshotJob.objects.select_related("tenant", "report").get(pk=job.pk)
        jobs.cancel(found, steps.ADAM, discard=True, now=timezone.now())
    return found


@pytest.mark.parametrize("status", ["running", "collecting"])
@both_readings
def test_its_result_is_dropped_when_it_comes(aws, account, acme, daily_calls, status):
    job = steps.submit(acme)
    steps.run_until(account, job, status=status)
    held = steps.held_slots(account)

    discard(job)
    meanwhile = (steps.status_of(job), steps.held_slots(account))
    steps.run_until_ended(account, job)

    assert meanwhile == (status, held)
    assert (steps.status_of(job), steps.files_of(job), steps.held_slots(account)) == ("cancelled", [], 0)
    (attempt,) = steps.attempts_of(job)
    assert attempt.failure_code == "discarded"
    assert attempt.ended_at
    told = [event.type for event in steps.events_of(job)]
    assert told[-1] == "dropped"
    assert told.count("discarded") == 1
    with tenant_scope(acme):
        assert [event.type for event in Event.objects.all()] == ["job.cancelled"]


def test_its_files_are_not_even_read(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    steps.run_until(account, job, status="collecting")
    discard(job)
    asked = aws.control.stats()["calls"].get(steps.RESULT, 0)

    steps.turn(account)

    assert steps.status_of(job) == "cancelled"
    assert aws.control.stats()["calls"].get(steps.RESULT, 0) == asked


def test_it_is_tried_no_second_time(aws, account, acme, daily_calls):
    aws.control.fail_jobs(times=3)
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")

    discard(job)
    steps.run_until_ended(account, job)

    assert steps.status_of(job) == "cancelled"
    assert len(steps.attempts_of(job)) == 1


def test_nothing_is_sent_for_one_that_was_about_to_be(aws, account, acme, daily_calls):
    aws.control.fail_next("DescribeDashboard", "InternalFailureException", times=2)
    job = steps.submit(acme)
    steps.turn(account)
    before = steps.status_of(job)

    discard(job)
    steps.make_due(job)
    steps.turn(account)

    assert (before, steps.status_of(job), steps.held_slots(account)) == ("starting", "cancelled", 0)
    assert aws.control.jobs() == []


def test_the_slot_rests_where_quicksight_never_ends_it(aws, account, acme, daily_calls):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")

    discard(job)
    steps.let_pass(job, hours=7)
    steps.turn(account)

    assert steps.status_of(job) == "cancelled"
    with engine_scope():
        (until,) = Slot.objects.exclude(rests_until=None).values_list("rests_until", flat=True)
    assert timezone.now() < until <= timezone.now() + cadence.SLOT_RESTS


def test_its_failures_pause_no_report(aws, account, acme, daily_calls):
    aws.control.fail_jobs(times=10)
    for _ in range(6):
        job = steps.submit(acme)
        steps.run_until(account, job, status="running")
        discard(job)
        steps.run_until_ended(account, job)

    with engine_scope():
        assert not Pause.objects.exists()


def test_who_waited_for_its_files_waits_no_more(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    delivery = make_delivery(job=job)
    steps.run_until(account, job, status="running")

    discard(job)
    steps.run_until_ended(account, job)

    with tenant_scope(acme):
        delivery.refresh_from_db()
    assert (delivery.status, delivery.failure_code) == ("failed", "job_failed")


def test_twice_is_once(acme, account, aws, daily_calls):
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")

    first, second = discard(job), discard(job)

    assert first.discarded_at == second.discarded_at
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(action="job.discarded").count() == 1


def test_one_that_waits_is_cancelled_at_once(acme, account, daily_calls):
    job = steps.submit(acme)

    discard(job)

    assert (steps.status_of(job), steps.now_of(job).discarded_at) == ("cancelled", None)


def test_one_that_waits_for_its_next_attempt_is_cancelled_at_once_although_it_was_read_before(aws, account, acme, daily_calls):
    aws.control.fail_jobs(times=1)
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    read = steps.now_of(job)
    steps.run_until(account, job, status="queued")

    discard(read)

    assert steps.status_of(job) == "cancelled"


def test_one_that_has_ended_keeps_its_files(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    steps.run_until_ended(account, job)

    with pytest.raises(Refused, match="already ended"):
        discard(job)

    assert (steps.status_of(job), len(steps.files_of(job))) == ("completed", 1)
    assert steps.now_of(job).finished_at < timezone.now() + timedelta(seconds=1)
