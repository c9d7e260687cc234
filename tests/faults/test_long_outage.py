"""Row 18. Six hours without a worker, and 5,000 planned instants are due: the newest of each schedule runs, the others are on record."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from reports.engine import claim, moves
from reports.models import Occurrence, Report, Schedule, SnapshotJob
from reports.occurrences import reasons
from tenants.models import Tenant
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.reports.engine import steps
from tests.reports.occurrences import steps as runs

pytestmark = pytest.mark.django_db
# Each ten minutes for six hours.
INSTANTS, LARGE, SMALL, SLOTS = 36, 120, 20, 12
SCHEDULES = LARGE + SMALL
STAYED_AWAY = timedelta(hours=6)


@pytest.fixture
def now() -> datetime:
    """Within the minutes in which what is due is in time: the last instant is due just now."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)


def plan(tenant: Tenant, report: Report, number: int, first: datetime) -> None:
    factories.make_grant(tenant=tenant, report=report)
    plans = {"cron": "*/10 * * * *", "timezone": "UTC", "next_run_at": first, "formats": ["CSV"], "visual_ids": ["table-1"]}
    with tenant_scope(tenant):
        Schedule.objects.bulk_create(Schedule(tenant=tenant, report=report, slug=f"s{place}", **plans) for place in range(number))


@pytest.fixture
def small() -> list[Tenant]:
    return [factories.make_tenant() for _ in range(SMALL)]


@pytest.fixture
def due(account, acme, small, now) -> None:
    report = factories.make_report(slug="every-ten-minutes", account=account, parameters=[])
    first = now - STAYED_AWAY + timedelta(minutes=10)
    plan(acme, report, LARGE, first)
    for tenant in small:
        plan(tenant, report, 1, first)


def outcomes(tenants: list[Tenant]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for tenant in tenants:
        with tenant_scope(tenant):
            found.update(Occurrence.objects.for_tenant(tenant).values_list("status", "reason"))
    return found


def serve_all(account) -> tuple[list, int]:
    """Claims until nothing waits, each job ending at once: the tenants in the order in which they got a slot, and the most slots held."""
    served, peak = [], 0
    while True:
        with engine_scope():
            claim.claim(account.pk)
            held = SnapshotJob.objects.filter(account=account, status="starting").order_by("slot__number")
            turn = list(held.values_list("id", "tenant_id"))
        if not turn:
            return served, peak
        peak = max(peak, steps.held_slots(account))
        served += [tenant_id for _job, tenant_id in turn]
        for job_id, tenant_id in turn:
            moves.move(tenant_id, job_id, "starting", lambda job: moves.fail(job, "report_failed", timezone.now()))


def test_the_newest_of_each_schedule_is_caught_up_fairly_and_what_is_older_stays_visible(account, acme, small, due, now):
    everybody = [acme, *small]

    runs.note(now)
    noted = outcomes(everybody)
    runs.note(now)
    again = outcomes(everybody)
    runs.expand()
    served, peak = serve_all(account)

    assert noted.total() >= 5000
    assert noted == again == {("missed", reasons.MISSED): SCHEDULES * (INSTANTS - 1), ("planned", ""): SCHEDULES}
    assert served.count(acme.pk) == LARGE
    assert [served.count(tenant.pk) for tenant in small] == [1] * SMALL
    # One of each tenant in turn: a round of them takes the slots twice, and what is left of the second time is anybody's.
    assert {tenant.pk for tenant in small} <= set(served[: 2 * SLOTS])
    assert peak == SLOTS
