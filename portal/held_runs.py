"""What of a company is held for somebody to look, for its first page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reports.models import Occurrence, Review, Schedule, SnapshotJob
from tenants.models import Tenant

# Jobs that are looked at for it. A run has several; more runs than come of these are on the schedules' pages.
MOST_JOBS = 200


@dataclass
class HeldRun:
    """`run` None: a correction of a single job. `number`: of held jobs, `unusual` of those in which something was found."""

    job: SnapshotJob
    run: Occurrence | None
    schedule: Schedule | None
    until: datetime
    number: int = 0
    unusual: int = 0

    @property
    def name(self) -> str:
        return self.schedule.title if self.schedule else self.job.report.name


def held_runs(tenant: Tenant) -> list[HeldRun]:
    """What ends first comes first. One statement, in the tenant's scope."""
    reviews = Review.objects.for_tenant(tenant).held().select_related("job__report", "job__occurrence__schedule__report")
    found: dict[object, HeldRun] = {}
    for review in reviews.order_by("held_until")[:MOST_JOBS]:
        job, run = review.job, review.job.occurrence
        held = found.setdefault(
            job.occurrence_id or job.pk, HeldRun(job, run, run.schedule if run else None, review.held_until or review.created_at)
        )
        held.number += 1
        held.unusual += bool(review.findings)
    return list(found.values())
