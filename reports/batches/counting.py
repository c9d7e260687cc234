"""How far a batch has come, counted from its jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from reports.models import Batch, SnapshotJob

Status = SnapshotJob.Status
MOVING = (Status.STARTING, Status.RUNNING, Status.COLLECTING)
QUEUED, RUNNING, FINISHED = STATUSES = ("queued", "running", "finished")


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
        """One of STATUSES."""
        if self.ended == self.total:
            return FINISHED
        return QUEUED if self.queued == self.total else RUNNING


def with_counts(batches: QuerySet[Batch]) -> QuerySet[Any]:
    """`by_status`, for `counts`; in the same statement."""
    jobs = SnapshotJob.objects.filter(tenant=OuterRef("tenant"), batch=OuterRef("pk")).order_by()
    grouped = jobs.values("status").annotate(number=Count("pk"))
    return batches.annotate(by_status=ArraySubquery(grouped.values(row=JSONObject(status="status", number="number"))))


def counts(batch: Any) -> Counts:
    """Of one that was read `with_counts`."""
    found = {row["status"]: row["number"] for row in batch.by_status}
    ended = {name: found.get(name, 0) for name in (Status.COMPLETED, Status.FAILED, Status.CANCELLED)}
    return Counts(batch.total, found.get(Status.QUEUED, 0), sum(found.get(name, 0) for name in MOVING), *ended.values())


def count(batch: Batch) -> Counts:
    """As it is now. In the tenant's scope."""
    return counts(with_counts(Batch.objects.filter(tenant=batch.tenant_id)).get(pk=batch.pk))
