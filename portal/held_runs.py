"""What of a company is held for somebody to look, for its first page."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, JSONObject

from reports.models import Review, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from tenants.models import Tenant

# Jobs that are looked at for it. A run has several; more runs than come of these are on the schedules' pages.
MOST_JOBS = 200


@dataclass
class HeldRun:
    """`run_id` None: a correction of a single job. `number`: of held jobs, `unusual` of those in which something was found."""

    job_id: uuid.UUID
    run_id: str | None
    schedule_id: str | None
    name: str
    until: datetime
    number: int = 0
    unusual: int = 0


def held_jobs(tenant: Tenant) -> SnapshotJobQuerySet:
    """Those whose time ends first."""
    reviews = Review.objects.for_tenant(tenant).held().order_by("held_until")
    return SnapshotJob.objects.filter(pk__in=reviews.values("job")[:MOST_JOBS])


def with_hold(jobs: SnapshotJobQuerySet) -> SnapshotJobQuerySet:
    """`hold`: of a job that is held, what `held_runs` tells of it, in the same query; else None."""
    run = "job__occurrence__schedule"
    facts = {
        "until": Coalesce("held_until", "created_at"),
        "unusual": ExpressionWrapper(~Q(findings=[]), output_field=BooleanField()),
        "run": F("job__occurrence"),
        "schedule": F(run),
        "name": F(f"{run}__name"),
        "report": F(f"{run}__report__name"),
    }
    reviews = Review.objects.filter(tenant=OuterRef("tenant"), job=OuterRef("pk")).held()
    return jobs.annotate(hold=Subquery(reviews.values(row=JSONObject(**facts))))


def held_runs(jobs: Iterable[Any]) -> list[HeldRun]:
    """Of those that are held; read by `with_hold`. What ends first comes first."""
    found: dict[object, HeldRun] = {}
    held = [(datetime.fromisoformat(job.hold["until"]), job) for job in jobs if job.hold]
    for until, job in sorted(held, key=lambda one: (one[0], one[1].pk)):
        hold = job.hold
        name = hold["name"] or hold["report"] or job.report.name
        run = found.setdefault(hold["run"] or job.pk, HeldRun(job.pk, hold["run"], hold["schedule"], name, until))
        run.number += 1
        run.unusual += hold["unusual"]
    return list(found.values())
