"""How long tenants with one report wait behind a tenant who asked for 2,000 just before. Run by `make bench`.

Jobs of a second, and a request rate that does not hold them up: what is measured is the order. The large tenant's are not waited for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from pytest_django import DjangoDbBlocker

from reports.models import SnapshotJob
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests import factories
from tests.bench import charts, running, trace
from tests.bench.figures import CHARTS, RUNS, show
from tests.bench.running import Customers, Wishes
from tests.bench.workload import Planned, lognormal
from tests.bench.world import World, side_by_side, world
from tests.pretend_aws import ACCOUNT, REGION

SLOTS, ANSWER_SECONDS, REQUESTS_PER_SECOND = 12, 0.05, 100
MANY, SMALL, MEAN = 2_000, 50, 1.0
MOST_SECONDS = 90
LIMIT = 10


@dataclass(frozen=True)
class Waits:
    """Seconds until a job was started: of each small tenant's, and of those of the large one that were started meanwhile."""

    small: list[float]
    large: list[float]


def test_small_tenants_behind_a_large_one(django_db_blocker: DjangoDbBlocker):
    runs = side_by_side(_measure, list(range(RUNS)), 1, django_db_blocker)

    told = f"{SMALL} tenants with one job behind one with {MANY:,}"
    for share in (0.50, 0.95):
        waits = [trace.percentile(run.small, share) / MEAN for run in runs]
        show(f"{told}: wait p{100 * share:.0f} / mean duration", waits, LIMIT if share > 0.5 else None, unit="")
    show(f"{told}: jobs of the large one that were started meanwhile", [len(run.large) for run in runs], unit="")
    _draw(runs[-1])


def _measure(number: int) -> Waits:
    options = {"slots": SLOTS, "requests_per_second": REQUESTS_PER_SECOND, "answer_seconds": ANSWER_SECONDS}
    with world(f"fairness_{number}", **options) as whole:
        account = factories.make_account(aws_account_id=ACCOUNT, region=REGION, slots=SLOTS, requests_per_second=REQUESTS_PER_SECOND)
        running.warm_up(account, whole)
        customers = Customers(account, tenants=SMALL + 1, reports=1)
        seconds = iter(plan.seconds for plan in lognormal(MANY + SMALL, MEAN, seed=number))
        large = customers.wishes(Planned(0, 0, next(seconds)) for _ in range(MANY))
        small = customers.wishes(Planned(0, tenant, next(seconds)) for tenant in range(1, SMALL + 1))
        running.foretell(whole, large, small)
        running.submit(large, account)
        running.submit(small, account)
        _wait_for(small)
        return Waits(_waits(small, whole), [wait for wait in _waits(large, whole) if wait < MOST_SECONDS])


def _wait_for(wishes: Wishes) -> None:
    end = time.monotonic() + MOST_SECONDS
    while time.monotonic() < end and any(_waits_still(*wish) for wish in wishes.items()):
        time.sleep(0.5)


def _waits_still(tenant: Tenant, wished: list[tuple[SnapshotJob, float]]) -> bool:
    with tenant_scope(tenant):
        return SnapshotJob.objects.filter(pk__in=[job.pk for job, _ in wished], status__in=("queued", "starting")).exists()


def _waits(wishes: Wishes, whole: World) -> list[float]:
    """What was not started counts with the longest time there is."""
    started = {job_id: snapshot["created"] for job_id, snapshot in running.snapshots(whole).items()}
    asked = {str(job.pk): job.created_at.timestamp() for of_tenant in wishes.values() for job, _ in of_tenant}
    return [started.get(job_id, at + MOST_SECONDS) - at for job_id, at in asked.items()]


def _draw(run: Waits) -> None:
    bars = [charts.Bar(f"small tenant {number}", wait, wait, wait) for number, wait in enumerate(sorted(run.small), 1)]
    drawing = charts.draw(
        f"Seconds until the one job of each of {SMALL} tenants began, behind {MANY:,} of another", bars, line=LIMIT * MEAN
    )
    (CHARTS / "wait-by-tenant.svg").write_text(drawing, encoding="utf-8")
