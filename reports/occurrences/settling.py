"""What an occurrence has come to, worked out from its jobs and deliveries whenever one of them ends."""

from __future__ import annotations

import uuid
from datetime import datetime

from reports.models import Delivery, Occurrence, SnapshotJob

Status = Occurrence.Status


def settle(occurrence_id: uuid.UUID, now: datetime) -> Occurrence:
    """In the tenant's scope, in the transaction of the move that led here.

    The row is locked: of two that end at once, the second one sees the first one's end and closes the occurrence.
    """
    occurrence = Occurrence.objects.select_for_update(of=("self",)).select_related("tenant", "schedule").get(pk=occurrence_id)
    if occurrence.status in (Status.SKIPPED, Status.MISSED, Status.PLANNED):
        return occurrence
    status = _status(occurrence)
    ended_at = None if status in Occurrence.OPEN else occurrence.ended_at or now
    Occurrence.objects.filter(pk=occurrence.pk).update(status=status, ended_at=ended_at)
    occurrence.status, occurrence.ended_at = status, ended_at
    return occurrence


def _status(occurrence: Occurrence) -> Status:
    deliveries = list(Delivery.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence).values_list("status", flat=True))
    jobs = SnapshotJob.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence)
    if jobs.moving().exists() or any(status in Delivery.OPEN for status in deliveries):
        return Status.RUNNING
    wanted = [status for status in deliveries if status != Delivery.Status.SUPPRESSED]
    sent = sum(status == Delivery.Status.SENT for status in wanted)
    if not wanted:
        # Nobody was to get it: then the jobs alone say how it went.
        done = {job.fingerprint for job in jobs.filter(status=SnapshotJob.Status.COMPLETED)}
        return Status.DELIVERED if done >= set(jobs.values_list("fingerprint", flat=True)) else Status.FAILED
    return Status.DELIVERED if sent == len(wanted) else Status.PARTLY_DELIVERED if sent else Status.FAILED
