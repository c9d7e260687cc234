"""Promises: the owner is warned before one is broken, once, and when a schedule is saved that cannot keep it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from reports.engine import load as roll_up
from reports.models import Notice, PlannedLoad, SnapshotJob
from reports.occurrences import lateness, load
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.reports.occurrences import steps

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def promised(acme, olga, report, monday):
    """Promised for 08:00 in Berlin, half an hour after it is due, and under way."""
    schedule = factories.make_schedule(tenant=acme, report=report, timezone="Europe/Berlin", ready_by=time(8, 0), next_run_at=monday)
    steps.note(monday)
    steps.expand()
    return schedule


def warnings(schedule) -> list[tuple[str, str]]:
    with tenant_scope(schedule.tenant):
        return list(Notice.objects.filter(kind="run_late").values_list("kind", "address"))


def test_while_there_is_time_nobody_is_warned(promised, monday):
    assert lateness.warn(monday + 20 * MINUTE) == 0
    assert warnings(promised) == []


def test_shortly_before_the_promised_time_the_owner_is_warned_once(promised, monday):
    assert [lateness.warn(monday + 26 * MINUTE), lateness.warn(monday + 28 * MINUTE)] == [1, 0]

    assert warnings(promised) == [("run_late", "olga@acme.example")]
    assert steps.the_occurrence(promised).warned_at == monday + 26 * MINUTE


def test_a_job_that_will_start_too_late_is_told_long_before(promised, monday):
    with tenant_scope(promised.tenant):
        SnapshotJob.objects.update(expected_start_at=monday + 29 * MINUTE + timedelta(seconds=30))

    assert lateness.warn(monday + MINUTE) == 1


def test_what_has_ended_is_late_no_more(promised, monday):
    (job,) = steps.jobs_of(promised)
    steps.complete(job, monday)

    assert lateness.warn(monday + 29 * MINUTE) == 0


def test_a_warning_that_breaks_keeps_no_other_back(acme, promised, report, monday, monkeypatch):
    other = factories.make_schedule(tenant=acme, report=report, timezone="Europe/Berlin", ready_by=time(8, 1), next_run_at=monday)
    steps.note(monday)
    original = lateness.run_late

    def breaks(occurrence, now):
        if occurrence.schedule_id == promised.pk:
            raise RuntimeError("as a fault in our code would")
        return original(occurrence, now)

    monkeypatch.setattr(lateness, "run_late", breaks)

    assert lateness.warn(monday + 28 * MINUTE) == 1
    assert [steps.the_occurrence(schedule).warned_at is None for schedule in (promised, other)] == [True, False]


def test_the_load_to_come_counts_the_jobs_of_all_schedules_by_hour(acme, report, monday):
    factories.make_schedule(tenant=acme, report=report, cron="0 7 * * *", timezone="UTC", next_run_at=monday, job_count=40)
    factories.make_schedule(tenant=acme, report=report, cron="30 8 * * *", timezone="Europe/Berlin", next_run_at=monday)
    factories.make_schedule(tenant=acme, report=report, cron="0 7 * * *", timezone="UTC", next_run_at=monday, enabled=False)
    factories.make_schedule(tenant=acme, report=report, cron="broken", timezone="UTC", next_run_at=monday)

    write(monday)
    write(monday)

    with engine_scope():
        first = PlannedLoad.objects.order_by("hour").first()
        assert PlannedLoad.objects.count() == 7
    # 25 s each, as long as nothing is known, in 5 slots.
    assert (first.hour, first.jobs, first.seconds) == (datetime(2026, 3, 2, 7, tzinfo=UTC), 41, 41 * 25 / 5)


def test_what_an_hour_leaves_over_delays_the_next_one(acme, report, monday):
    factories.make_schedule(tenant=acme, report=report, cron="0 7 * * *", timezone="UTC", next_run_at=monday, job_count=1000)
    factories.make_schedule(tenant=acme, report=report, cron="0 8 * * *", timezone="UTC", next_run_at=monday)

    write(monday)

    with engine_scope():
        assert list(PlannedLoad.objects.order_by("hour").values_list("seconds", flat=True)[:2]) == [5000, 5000 - 3600 + 5]


@pytest.mark.parametrize(("jobs", "warned"), [(10, False), (400, True)])
def test_a_promise_that_the_load_does_not_allow_is_told_when_it_is_saved(acme, report, monday, jobs, warned):
    factories.make_schedule(tenant=acme, report=report, cron="0 7 * * *", timezone="UTC", next_run_at=monday, job_count=jobs)
    write(monday)
    schedule = factories.make_schedule(
        tenant=acme, report=report, cron="0 7 * * *", timezone="UTC", ready_by=time(7, 15), next_run_at=monday
    )

    with tenant_scope(acme):
        told = load.warning(schedule, monday)

    assert ("ready at about 07:33, after the 07:15" in told) == warned
    assert bool(told) == warned


def test_without_a_promise_there_is_no_warning(acme, schedule, monday):
    with tenant_scope(acme):
        assert load.warning(schedule, monday) == ""


def write(now: datetime) -> None:
    with engine_scope():
        roll_up.write(now)
