"""Cancelling a batch: what still waits is taken back; what runs goes on, because QuickSight cannot stop it."""

from __future__ import annotations

from datetime import datetime

from reports import jobs
from reports.models import Batch, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from tenants.audit import Actor, record
from tenants.scope import tenant_scope

# Of one transaction: while it lasts, none of these jobs can start.
AT_ONCE = 100


def cancel(batch: Batch, actor: Actor, now: datetime) -> int:
    """How many jobs were cancelled; again, it cancels none. Broken off in the middle it may be asked again. Outside any scope."""
    with tenant_scope(batch.tenant_id):
        if waiting := _waiting(batch).count():
            record(actor, "batch.cancelled", now=now, tenant=batch.tenant_id, about=batch, after={"jobs": waiting})
    cancelled = 0
    while waiting and (some := _cancel_some(batch, actor, now)):
        cancelled += some
    return cancelled


def _waiting(batch: Batch) -> SnapshotJobQuerySet:
    return SnapshotJob.objects.filter(tenant=batch.tenant_id, batch=batch, status=SnapshotJob.Status.QUEUED)


def _cancel_some(batch: Batch, actor: Actor, now: datetime) -> int:
    """All rows are locked before the first is moved, in the order in which their queues are locked by all who count there.

    The batch's own row comes after them, as it does when a job ends by itself.
    """
    with tenant_scope(batch.tenant_id):
        rows = _waiting(batch).select_related("tenant", "report").select_for_update(of=("self",))
        some = list(rows.order_by("account", "lane", "created_at", "pk")[:AT_ONCE])
        return sum(jobs.take_back(job, now, "cancelled", actor=actor.label) for job in some)
