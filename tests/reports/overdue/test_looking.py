"""Each thing that was due and was not done is found, and nothing else; by an index, whatever the tables hold."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from reports import tasks
from reports.alerts import alert
from reports.models import Alarm, Heartbeat, Installation, Occurrence, Process, Pump, Schedule
from reports.overdue import looking
from reports.restoring import mode
from tenants.scope import engine_scope, tenant_scope
from tests import factories

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(hours=9)


def found() -> list[tuple[str, str]]:
    return [(cause.code, cause.subject) for cause in looking.look().causes]


def let_die(*stands: str) -> None:
    with engine_scope():
        Process.objects.filter(doing__in=[f"stand {name}" for name in stands]).delete()


@pytest.fixture
def schedule(acme, daily_calls):
    return factories.make_schedule(tenant=acme, report=daily_calls)


@pytest.fixture
def job(acme, daily_calls):
    """Completed long ago."""
    return factories.make_job(tenant=acme, report=daily_calls, status="completed", created_at=timezone.now() - LONG_AGO)


def test_nothing_is_found_where_all_is_as_it_should_be(worker, schedule, job):
    factories.make_delivery(job=job, status="sent")
    factories.make_occurrence(schedule=schedule, status="delivered")

    assert found() == []


def test_a_queue_that_was_never_seen_is_one_cause_each_and_hides_what_follows_from_it(schedule, job):
    factories.make_delivery(job=job, next_try_at=timezone.now() - LONG_AGO)

    assert found() == [("worker_silent", "portal"), ("worker_silent", "work")]


def test_a_queue_that_stopped_beating_is_found_and_the_other_is_not(worker):
    with engine_scope():
        Heartbeat.objects.filter(cluster=tasks.ENGINE).update(beat_at=Now() - timedelta(minutes=4))

    assert found() == [("worker_silent", "portal")]
    assert "not been seen for 4 minutes" in looking.look().causes[0].sentence


@pytest.mark.parametrize(("minutes", "expected"), [(9, []), (11, [("schedules_overdue", "")])])
def test_a_schedule_that_nobody_noted_is_found_after_the_grace(minutes, expected, worker, schedule):
    with tenant_scope(schedule.tenant):
        Schedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now() - timedelta(minutes=minutes))

    assert found() == expected


def test_a_retired_schedule_is_due_to_nobody(worker, schedule):
    with tenant_scope(schedule.tenant):
        Schedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now() - LONG_AGO, retired_at=timezone.now())

    assert found() == []


def test_a_planned_run_whose_jobs_nobody_makes_is_found(worker, schedule):
    planned = factories.make_occurrence(schedule=schedule, planned_at=timezone.now() - LONG_AGO)
    assert found() == []  # It was noted a moment ago, late.

    with tenant_scope(schedule.tenant):
        Occurrence.objects.filter(pk=planned.pk).update(created_at=timezone.now() - LONG_AGO)

    assert found() == [("runs_overdue", "")]


@pytest.mark.parametrize(
    ("facts", "status", "expected"),
    [
        ({"ready_by_at": timedelta(minutes=11)}, "running", True),
        ({"ready_by_at": timedelta(minutes=9)}, "running", False),
        # Its job has ended; what is left are people's servers.
        ({"ready_by_at": timedelta(minutes=11)}, "completed", False),
        ({"expanded_at": timedelta(hours=6, minutes=11)}, "queued", True),
        ({"expanded_at": timedelta(hours=5)}, "queued", False),
    ],
)
def test_a_run_is_overdue_by_its_promise_or_else_by_the_deadline_of_its_jobs(facts, status, expected, worker, schedule, daily_calls):
    now = timezone.now()
    times = {"expanded_at": now} | {name: now - ago for name, ago in facts.items()}
    run = factories.make_occurrence(schedule=schedule, planned_at=now - LONG_AGO, status="running", **times)
    factories.make_job(tenant=schedule.tenant, report=daily_calls, status=status, occurrence=run, next_look_at=now)

    assert found() == ([("runs_overdue", "")] if expected else [])


@pytest.mark.parametrize(
    ("status", "minutes", "expected"), [("queued", 11, True), ("queued", 9, False), ("running", 21, True), ("running", 19, False)]
)
def test_a_job_past_its_deadline_that_did_not_end_is_found(status, minutes, expected, worker, acme, daily_calls):
    now = timezone.now()
    factories.make_job(tenant=acme, report=daily_calls, status=status, deadline_at=now - timedelta(minutes=minutes), next_look_at=now)
    with engine_scope():
        Pump.objects.update(beat_at=Now())

    assert found() == ([("jobs_overdue", "")] if expected else [])


@pytest.mark.parametrize("admitted", [False, True])
def test_an_account_whose_work_nobody_takes_up_is_found_by_its_name(admitted, worker, acme, daily_calls):
    job = factories.make_job(tenant=acme, report=daily_calls, status="queued", admitted=admitted)
    with engine_scope():
        Pump.objects.get_or_create(account_id=daily_calls.account_id)
    assert found() == []  # It came a moment ago.

    with tenant_scope(acme):
        type(job).objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=11))
    name = daily_calls.account.name
    assert found() == [("pump_silent", name)]

    with engine_scope():
        Pump.objects.update(beat_at=Now())
    assert found() == []


@pytest.mark.parametrize("stand", ["courier", "carrier"])
def test_what_is_due_and_nobody_stands_by_for_is_found(stand, worker, acme, job):
    due = timezone.now() - timedelta(minutes=11)
    factories.make_delivery(job=job, next_try_at=due)
    factories.make_webhook_delivery(webhook=factories.make_webhook(tenant=acme), next_try_at=due)
    assert found() == []  # Somebody stands by: then there is only much to do.

    let_die(stand)

    what = {"courier": "mails", "carrier": "webhooks' messages"}[stand]
    assert found() == [("stand_silent", f"{stand}, {what}")]


def test_alarms_that_nobody_tells_are_found_but_not_our_own(worker):
    alert("job_given_up", "A job was given up.")
    alert("worker_silent", "The worker is gone.", "work")
    Alarm.objects.update(raised_at=Now() - timedelta(minutes=11))
    assert found() == []

    let_die("alarms")

    assert found() == [("alarms_untold", "")]
    assert looking.look().causes[0].sentence.startswith("1 alarm waits to be told")


def test_in_restored_mode_that_is_said_in_place_of_all_that_is_missed(worker, schedule):
    with tenant_scope(schedule.tenant):
        Schedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now() - LONG_AGO)
    mode.begin(Installation.Because.DECLARED, backup_at=timezone.now())

    assert found() == [("database_restored", "")]


def test_what_is_told_names_nobody_and_nothing_of_a_tenant(worker, schedule, job):
    with tenant_scope(schedule.tenant):
        Schedule.objects.filter(pk=schedule.pk).update(next_run_at=timezone.now() - LONG_AGO)
    factories.make_delivery(job=job, next_try_at=timezone.now() - LONG_AGO, address="kim@acme.example")
    let_die("courier")

    told = " ".join(cause.sentence + cause.subject for cause in looking.look().causes)

    assert told.count("Z") >= 2
    assert [word for word in ("acme", "kim", schedule.slug, str(job.pk)) if word in told] == []


STATEMENTS = {
    "schedules": (looking.DUE_SCHEDULES, "reports_schedule"),
    "runs": (looking.OPEN_RUNS, "reports_occurrence"),
    "jobs": (looking.LATE_JOBS, "reports_snapshotjob"),
    "pumps": (looking.SILENT_PUMPS, "reports_snapshotjob"),
    **{what: (looking.DUE_ROWS.format(table=table, open=waits), table) for lines in looking.LINES.values() for what, table, waits in lines},
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_each_statement_is_answered_by_an_index(name, worker):
    """The planner prefers to read a small table whole; told not to, it says whether it could do otherwise."""
    statement, table = STATEMENTS[name]
    values = {"grace": looking.GRACE, "late": looking.BEAT_LATE, "most": looking.MOST, "deadline": LONG_AGO, "stuck": looking.GRACE}
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute("select set_config('enable_seqscan', 'off', true)")
        cursor.execute("explain " + statement, values)
        plan = "\n".join(line for (line,) in cursor.fetchall())

    assert f"Seq Scan on {table} " not in plan
    assert "Index" in plan
