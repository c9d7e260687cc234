"""How far a batch has come, counted from its jobs."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count

from reports.models import Batch, SnapshotJob

Status = SnapshotJob.Status
MOVING = (Status.STARTING, Status.RUNNING, Status.COLLECTING)


@dataclass(frozen=True)
class Counts:
    """Of jobs. `running`: all that a slot was given to and that have not ended."""

    total: int
    queued: int
    running: int
    completed: int
    failed: int
    cancelled: int

    @property
    def ended(self) -> int:
        return self.completed + self.failed + self.cancelled

    @property
    def status(self) -> str:
        """`queued`, `running` or `finished`."""
        if self.ended == self.total:
            return "finished"
        return "queued" if self.queued == self.total else "running"


def counts(batch: Batch) -> Counts:
    """In the tenant's scope."""
    return counts_of([batch])[batch.pk]


def counts_of(batches: Iterable[Batch]) -> dict[uuid.UUID, Counts]:
    """By the batch's id, in one statement. In the scope of their tenant."""
    totals = {batch.pk: batch.total for batch in batches}
    tenants = {batch.tenant_id for batch in batches}
    rows = SnapshotJob.objects.filter(tenant__in=tenants, batch__in=totals).order_by().values_list("batch", "status")
    found: defaultdict[uuid.UUID, Counter[str]] = defaultdict(Counter)
    for batch_id, status, number in rows.annotate(number=Count("pk")):
        found[batch_id][status] = number
    return {pk: _counts(found[pk], total) for pk, total in totals.items()}


def _counts(by_status: Counter[str], total: int) -> Counts:
    return Counts(
        total,
        by_status[Status.QUEUED],
        sum(by_status[status] for status in MOVING),
        by_status[Status.COMPLETED],
        by_status[Status.FAILED],
        by_status[Status.CANCELLED],
    )
