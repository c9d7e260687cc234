"""A job that our own code cannot handle ends where people see it, and the others go on."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.db import connection
from django.utils import timezone

from reports.engine import claim
from reports.engine.crew import step
from reports.engine.leasing import Lease
from reports.models import SnapshotJob
from tenants.models import Tenant
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import make_attempt, make_job
from tests.reports.engine import steps
from tests.reports.engine.threads import together
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db
NOT_A_LIST = {"MinSeconds": 5}


def break_job(job) -> None:
    """Values of parameters are lists everywhere; a row that somebody wrote by hand may say otherwise."""
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(parameters=NOT_A_LIST)


def test_three_crashes_fail_a_job_with_words_and_free_its_slot(aws, account, acme, daily_calls, caplog):
    job = steps.submit(acme)
    break_job(job)

    crashes = []
    for _ in range(3):
        steps.turn(account)
        crashes.append((steps.status_of(job), steps.now_of(job).crashes))
        steps.let_pass(job, minutes=1)

    assert crashes == [("starting", 1), ("starting", 2), ("failed", 2)]
    assert steps.now_of(job).failure_code == "internal"
    assert steps.now_of(job).failure_text == "Something went wrong in the portal."
    assert "TypeError" in caplog.text
    assert aws.control.stats()["start_calls"] == 0
    assert steps.held_slots(account) == 0


def test_a_crashing_job_does_not_stop_the_others(aws, account, acme, globex, daily_calls):
    bad = steps.submit(acme)
    good = [steps.submit(tenant) for tenant in (acme, globex)]
    break_job(bad)

    steps.run_until_ended(account, bad, *good)

    assert [steps.status_of(job) for job in (bad, *good)] == ["failed", "completed", "completed"]


def test_a_crash_while_saving_keeps_no_half_of_it(aws, account, acme, daily_calls):
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(timezone="Mars/Olympus")
    job = make_job(tenant=acme, report=daily_calls, formats=["PDF"])

    steps.run_until_ended(account, job)

    (attempt,) = steps.attempts_of(job)
    assert (steps.now_of(job).failure_code, attempt.failure_code) == ("internal", "internal")
    assert steps.files_of(job) == []
    assert steps.events_of(job, "saved") == []


@pytest.mark.django_db(transaction=True)
def test_two_threads_that_start_one_job_make_one_attempt_and_blame_nobody(aws, account, acme, daily_calls, caplog):
    job = steps.submit(acme)
    with engine_scope():
        claim.claim(account.pk)

    def start() -> None:
        step(Lease(job.pk, acme.pk, "starting"), steps.quicksight(account), timezone.now)

    def let_both_come_to_their_attempt() -> None:
        with tenant_scope(acme), connection.cursor() as cursor:
            cursor.execute("lock table reports_attempt in exclusive mode")
            first.set()
            wait_for(lambda: waiting_for_locks() == 2, 10, "both want to write")

    first = threading.Event()
    steps.mark_checked(daily_calls)
    faults = together(let_both_come_to_their_attempt, *[lambda: (first.wait(10), start())] * 2)

    assert faults == []
    assert (steps.status_of(job), steps.now_of(job).crashes, len(steps.attempts_of(job))) == ("running", 0, 1)
    assert list(aws.control.stats()["accepted"].values()) == [1]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


def waiting_for_locks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(distinct pid) from pg_locks where not granted")
        return cursor.fetchone()[0]


def test_a_job_that_vanished_costs_the_crew_no_thread(aws, account, acme, caplog):
    lease = Lease(uuid.uuid4(), acme.pk, "running")

    report = step(lease, steps.quicksight(account), timezone.now)

    assert report.answered is None
    assert "could not be written down" in caplog.text


def test_a_job_that_moved_on_is_not_blamed_for_a_crash(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    steps.run_until_ended(account, job)
    make_attempt(job=job, number=2)

    step(Lease(job.pk, acme.pk, "starting"), steps.quicksight(account), timezone.now)

    assert (steps.status_of(job), steps.now_of(job).crashes) == ("completed", 0)
