"""How a tenant's last days went, as its first page tells it: by days of its own, from what was counted and what ended since."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.db import connection

from reports import day_figures, recounting
from reports.lately import Lately, Today, lately
from reports.models import DailyUsage
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_dry_run, make_job, make_link, make_occurrence, make_schedule

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def older_tenants(acme, globex, now) -> None:
    """They were there before the days that these tests count."""
    with platform_scope():
        Tenant.objects.update(created_at=now - 400 * DAY)
    for tenant in (acme, globex):
        tenant.created_at = now - 400 * DAY


@pytest.fixture
def daily(acme, daily_calls):
    return make_schedule(tenant=acme, report=daily_calls)


def run(schedule, planned_at: datetime, status: str, took: timedelta = 2 * MINUTE, **fields) -> None:
    make_occurrence(schedule=schedule, planned_at=planned_at, status=status, ended_at=planned_at + took, **fields)


def asked(tenant: Tenant, now: datetime) -> Lately:
    recounting.recount(tenant.pk, now)
    with tenant_scope(tenant):
        return lately(tenant, now)


def row(tenant: Tenant, day: date) -> DailyUsage:
    with tenant_scope(tenant):
        return DailyUsage.objects.get(tenant=tenant, day=day)


def put(tenant: Tenant, day: date, **fields) -> None:
    with tenant_scope(tenant):
        DailyUsage.objects.update_or_create(tenant=tenant, day=day, defaults=fields)


def test_a_day_tells_how_what_ended_on_it_went(acme, daily, daily_calls, now):
    for number, (status, took) in enumerate(
        [
            ("delivered", 2 * MINUTE),
            ("delivered", 16 * MINUTE),
            ("partly_delivered", MINUTE),
            ("failed", MINUTE),
            ("missed", MINUTE),
            ("skipped", MINUTE),
        ]
    ):
        run(daily, now - timedelta(minutes=30 + number), status, took)
    make_job(tenant=acme, report=daily_calls, status="completed", now=now)
    make_job(tenant=acme, report=daily_calls, status="failed", now=now)
    make_job(tenant=acme, report=daily_calls, status="cancelled", now=now)

    today = asked(acme, now).days[-1]

    counted = row(acme, now.date())
    assert (counted.runs_on_time, counted.runs_late, counted.runs_partly) == (1, 1, 1)
    assert (counted.runs_failed, counted.runs_missed, counted.runs_skipped) == (1, 1, 1)
    assert (counted.single_delivered, counted.single_failed) == (1, 1)
    assert (today.well, today.late, today.bad) == (2, 2, 3)


def test_a_promised_time_decides_what_is_late(acme, daily, now):
    run(daily, now - timedelta(hours=2), "delivered", 40 * MINUTE, ready_by_at=now - timedelta(hours=1))

    assert asked(acme, now).days[-1].late == 0


def test_jobs_of_a_run_dry_runs_and_what_only_looks_like_work_are_no_single_ones(acme, daily, daily_calls, now):
    occurrence = make_occurrence(schedule=daily, planned_at=now - 5 * MINUTE, status="running")
    make_job(tenant=acme, report=daily_calls, status="completed", now=now, occurrence=occurrence)
    make_job(tenant=acme, report=daily_calls, status="completed", now=now, trigger="imported")
    make_job(tenant=acme, report=daily_calls, status="completed", now=now, trigger="remake")
    make_dry_run(tenant=acme, report=daily_calls, status="completed", now=now)

    assert asked(acme, now).days[-1].is_empty


def test_the_share_is_of_thirty_days_beside_the_thirty_before(acme, now):
    today = now.date()
    put(acme, today - 3 * DAY, single_delivered=96, runs_late=2, single_failed=1, runs_partly=1, figures_at=now)
    put(acme, today - 29 * DAY, single_delivered=100, runs_skipped=50, figures_at=now)
    put(acme, today - 30 * DAY, single_delivered=9, runs_missed=1, figures_at=now)
    put(acme, today - 60 * DAY, single_failed=1000, figures_at=now)

    found = asked(acme, now)

    assert (found.share, found.share_before) == (99.0, 90.0)


def test_nothing_that_ended_is_no_share_and_no_time(acme, now):
    found = asked(acme, now)

    assert (found.share, found.share_before, found.typical_seconds, found.most_seconds) == (None, None, None, None)


def test_times_to_deliver_are_right_within_four_percent(acme, daily, daily_calls, now):
    for seconds in range(60, 160):
        make_job(tenant=acme, report=daily_calls, status="completed", now=now - timedelta(seconds=seconds), finished_at=now)
    run(daily, now - timedelta(hours=3), "failed", timedelta(hours=2))

    found = asked(acme, now)

    assert found.typical_seconds == pytest.approx(110, rel=0.04)
    assert found.most_seconds == pytest.approx(150, rel=0.04)
    assert found.days[-1].seconds == found.typical_seconds


@pytest.mark.parametrize("seconds", [0.2, 1, 42, 102, 3600, 86_400])
def test_a_single_time_is_told_within_a_step(acme, daily_calls, now, seconds):
    make_job(tenant=acme, report=daily_calls, status="completed", now=now - timedelta(seconds=seconds), finished_at=now)

    assert asked(acme, now).typical_seconds == pytest.approx(max(seconds, 1), rel=0.084)


class TestToday:
    def test_tells_what_became_of_what_was_asked_for_today(self, acme, daily_calls, now):
        for status in ("completed", "completed", "failed", "running", "collecting", "queued", "cancelled"):
            make_job(tenant=acme, report=daily_calls, status=status, now=now)
        make_job(tenant=acme, report=daily_calls, status="completed", now=now - 2 * DAY, finished_at=now)

        assert asked(acme, now).today == Today(asked=6, delivered=2, running=2, queued=1, failed=1)

    def test_adds_what_ended_since_it_was_counted(self, acme, daily_calls, now):
        make_job(tenant=acme, report=daily_calls, status="completed", now=now)
        recounting.recount(acme.pk, now)
        later = now + 10 * MINUTE
        make_job(tenant=acme, report=daily_calls, status="completed", now=later)
        make_job(tenant=acme, report=daily_calls, status="failed", now=later)
        put(acme, now.date(), jobs=3)

        with tenant_scope(acme):
            assert lately(acme, later).today == Today(asked=3, delivered=2, running=0, queued=0, failed=1)

    def test_counts_nothing_twice_that_ended_while_it_was_counted(self, acme, daily_calls, now):
        make_job(tenant=acme, report=daily_calls, status="completed", now=now, finished_at=now + MINUTE)

        assert asked(acme, now).today == Today(asked=1, delivered=1, running=0, queued=0, failed=0)

    def test_before_the_first_job_of_a_day_all_is_nought(self, acme, now):
        with tenant_scope(acme):
            assert lately(acme, now).today == Today(0, 0, 0, 0, 0)


def test_downloads_and_those_who_opened_are_of_seven_days(acme, daily_calls, now):
    job = make_job(tenant=acme, report=daily_calls, status="completed", now=now)
    make_link(job=job, now=now, email="anna@c.example", uses=2)
    make_link(job=job, now=now - 3 * DAY, email="anna@c.example")
    make_link(job=job, now=now - 6 * DAY, email="ben@c.example")
    make_link(job=job, now=now - 7 * DAY, email="cara@c.example", uses=1)
    make_link(job=job, now=now, uses=1)
    for ago, downloads in ((1, 5), (6, 7), (7, 100)):
        put(acme, now.date() - ago * DAY, downloads=downloads)
    with tenant_scope(acme):
        DailyUsage.objects.filter(tenant=acme, day=now.date() - DAY).update(recounted_at=now)

    found = asked(acme, now)

    assert (found.recipients, found.openers) == (2, 1)
    # Yesterday is counted anew, and nothing was downloaded.
    assert found.downloads == 7


def test_older_days_are_counted_a_few_at_a_time_until_all_are(acme, daily_calls, now):
    for ago in range(2, 8):
        put(acme, now.date() - ago * DAY, jobs=1)
        make_job(tenant=acme, report=daily_calls, status="completed", now=now - ago * DAY)

    recounting.recount(acme.pk, now)
    counted = [row(acme, now.date() - ago * DAY).single_delivered for ago in range(2, 8)]
    recounting.recount(acme.pk, now)

    assert counted == [1] * day_figures.CAUGHT_UP + [0] * 3
    assert [row(acme, now.date() - ago * DAY).single_delivered for ago in range(2, 8)] == [1] * 6


def test_another_tenants_days_are_not_there(acme, globex, daily_calls, now):
    make_job(tenant=globex, report=daily_calls, status="completed", now=now)
    recounting.recount(globex.pk, now)

    assert asked(acme, now).days[-1].is_empty


def test_it_asks_once_and_reads_no_job_of_days_that_were_counted(acme, daily_calls, now):
    for ago in range(1, 40):
        put(acme, now.date() - ago * DAY, jobs=1, figures_at=now, recounted_at=now)
    put(acme, now.date(), jobs=1, recounted_at=now)

    with tenant_scope(acme), connection.execute_wrapper(_explained):
        lately(acme, now)


def _explained(execute, statement, values, many, context):
    """The jobs are looked for once at most, for today's row."""
    with connection.cursor().cursor as plain:
        plain.execute("explain (analyze, timing off, costs off) " + statement, values)
        plan = "\n".join(line for (line,) in plain)
    looks = [line for line in plan.splitlines() if "reports_snapshotjob" in line]
    assert looks
    assert all("loops=1)" in line or "never executed" in line for line in looks), plan
    return execute(statement, values, many, context)
