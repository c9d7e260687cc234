"""One run: a set of jobs is asked for at once, and everything that happens is written down until the last has ended."""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from django.db import connection
from django.utils import timezone

from reports import jobs
from reports.engine.pump import wake
from reports.engine.turns import IDLE_SECONDS
from reports.models import Account, Grant, Report, SnapshotJob
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.bench.trace import Traced
from tests.bench.workload import REPORTS, TENANTS, Planned
from tests.bench.world import World
from tests.reports.engine.steps import START, held_slots

Wishes = dict[Tenant, list[tuple[SnapshotJob, float]]]
ACTOR = Actor("bench")
SNAPSHOT_CALLS = (START, "DescribeDashboardSnapshotJob", "DescribeDashboardSnapshotJobResult")
LOOK_SECONDS, TELL_SECONDS, WARM_UP_SECONDS = 0.5, 30, 60
OPEN = "select count(*) from reports_snapshotjob where account_id = %s and status in ('queued', 'starting', 'running', 'collecting')"


@dataclass
class Run:
    """`counts` are the pretend AWS's; `cpu` the engine's processor seconds from the first wish to the last job's end; `idle` those of one
    second before it."""

    trace: list[Traced]
    counts: dict[str, Any]
    cpu: float
    idle: float
    lost: int
    leaked: int

    @property
    def twice(self) -> int:
        return sum(times - 1 for times in self.counts["accepted"].values())

    @property
    def snapshot_calls(self) -> int:
        return sum(self.counts["calls"].get(name, 0) for name in SNAPSHOT_CALLS)

    @property
    def preflight_calls(self) -> int:
        return sum(self.counts["calls"].values()) - self.snapshot_calls

    @property
    def all_calls(self) -> int:
        """QuickSight's, throttled ones included, and those of S3 and SQS."""
        return sum(self.counts["calls"].values()) + self.counts["throttled"] + sum(self.counts["other_calls"].values())


class Customers:
    """Tenants, and reports for which the engine knows no durations yet."""

    def __init__(self, account: Account, tenants: int = TENANTS, reports: int = REPORTS) -> None:
        dashboard = {"dashboard_id": "daily-calls", "visual_ids": ["table-1"], "formats": ["CSV"], "parameters": []}
        self.account = account
        self.reports = [factories.make_report(account=account, **dashboard) for _ in range(reports)]
        self.tenants = [factories.make_tenant() for _ in range(tenants)]

    def wishes(self, planned: Iterable[Planned]) -> Wishes:
        """Jobs with their seconds, by tenant; not stored yet."""
        wishes: Wishes = defaultdict(list)
        for plan in planned:
            tenant = self.tenants[plan.tenant]
            wishes[tenant].append((_another(self._job(tenant, self.reports[plan.report])), plan.seconds))
        return wishes

    @cache  # noqa: B019 - as long as the run
    def _job(self, tenant: Tenant, report: Report) -> SnapshotJob:
        with tenant_scope(tenant):
            # A schedule of the same report has given it already.
            Grant.objects.get_or_create(tenant=tenant, report=report)
            return jobs.check(tenant, ACTOR, jobs.Wanted(report.slug, ["CSV"]), now=timezone.now())


def _another(job: SnapshotJob) -> SnapshotJob:
    """The same wish once more: to check each of thousands takes as long as to run them."""
    again = copy(job)
    again.pk, again._state = uuid.uuid4(), copy(job._state)
    return again


def foretell(world: World, *wishes: Wishes) -> None:
    """QuickSight takes as long for each job as is planned, in whatever order they come."""
    wished = [wish for of_tenant in chain(*(some.values() for some in wishes)) for wish in of_tenant]
    world.aws.control.set(folder_seconds={str(job.pk): seconds for job, seconds in wished})


def submit(wishes: Wishes, account: Account) -> None:
    """All of one moment; each tenant's in a transaction of its own, as in the product."""
    now = timezone.now()
    for tenant, wished in wishes.items():
        made = [job for job, _ in wished]
        for job in made:
            job.created_at = now
        with tenant_scope(tenant):
            jobs.enqueue(made, now)
        wake(account.pk)


def warm_up(account: Account, world: World) -> None:
    """One job, which nobody counts: after it the engine's code is loaded and its clients are made."""
    customers = Customers(account, tenants=1, reports=1)
    wishes = customers.wishes([Planned(0, 0, 0.5)])
    foretell(world, wishes)
    submit(wishes, account)
    assert wait(account, "the first job", WARM_UP_SECONDS) == 0


def run(planned: Iterable[Planned], customers: Customers, world: World, told: str, limit: float) -> Run:
    """`limit` seconds after the first wish what has not ended counts as lost."""
    wishes = customers.wishes(planned)
    world.aws.control.reset()
    foretell(world, wishes)
    idle = idle_seconds(world)
    before = world.engine_seconds()
    submit(wishes, customers.account)
    left = wait(customers.account, told, limit)
    cpu = world.engine_seconds() - before
    return Run(_trace(wishes, world), world.aws.control.stats(), cpu, idle, left, held_slots(customers.account))


def idle_seconds(world: World) -> float:
    """Of one second, in which no pump turns any more."""
    time.sleep(IDLE_SECONDS + 1)
    before = world.engine_seconds()
    time.sleep(5)
    return (world.engine_seconds() - before) / 5


def wait(account: Account, told: str, limit: float) -> int:
    """The number of jobs that have not ended at the end."""
    began = time.monotonic()
    tell_at = began + TELL_SECONDS
    while (left := still_open(account)) and time.monotonic() - began < limit:
        if time.monotonic() >= tell_at:
            tell_at += TELL_SECONDS
            print(f"{told}: {left} jobs to go after {time.monotonic() - began:.0f} s", flush=True)
        time.sleep(LOOK_SECONDS)
    return left


def snapshots(world: World) -> dict[str, dict[str, Any]]:
    """What QuickSight says of each job it was given, by our own id: the last folder of its prefix. Of two attempts the last."""
    return {job["prefix"].rstrip("/").rpartition("/")[2]: job for job in world.aws.control.jobs()}


def still_open(account: Account) -> int:
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(OPEN, [account.pk])
        return int(cursor.fetchone()[0])


def _trace(wishes: Wishes, world: World) -> list[Traced]:
    """Of the jobs that completed, in the order of their starts."""
    calls, trace = world.aws.control.stats()["calls_of_job"], []
    at_service = snapshots(world)
    for tenant in wishes:
        with tenant_scope(tenant):
            ended = SnapshotJob.objects.filter(pk__in=[job.pk for job, _ in wishes[tenant]], status="completed")
            for job in ended:
                seen = at_service[str(job.pk)]
                times = (job.created_at.timestamp(), seen["created"], seen["ended"], job.finished_at.timestamp())
                trace.append(Traced(*times, calls=calls[seen["id"]], tenant=tenant.slug))
    return sorted(trace, key=lambda job: job.started_at)
