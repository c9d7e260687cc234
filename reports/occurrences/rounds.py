"""Rounds: the same rows of an occurrence, made again because they failed. The new job takes over who still waits for the files."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from reports.models import Delivery, Occurrence, Review, SnapshotJob
from reports.occurrences import reasons
from reports.occurrences.settling import settle

Status = Delivery.Status
WAITS_FOR_FILES = {
    "status": Status.PENDING,
    "next_try_at": None,
    "lease_until": None,
    "tries": 0,
    "failure_code": "",
    "answer": "",
    "ended_at": None,
}


def newest(job: SnapshotJob) -> SnapshotJob | None:
    """The last run of these rows of its occurrence, which is locked: of two who retry at once, the second one finds the first one's job.

    None: the job is not of an occurrence. In the tenant's scope.
    """
    if job.occurrence_id is None or not job.fingerprint:
        return None
    Occurrence.objects.select_for_update().get(pk=job.occurrence_id)
    rounds = SnapshotJob.objects.for_tenant(job.tenant).filter(occurrence=job.occurrence_id, fingerprint=job.fingerprint)
    return rounds.select_related("tenant", "report").order_by("-round").first()


def gave_files(job: SnapshotJob) -> bool:
    """Of one that has ended: whether those who waited may have its files. Not asked of one that is held."""
    return job.status == SnapshotJob.Status.COMPLETED and not Review.objects.filter(job=job, status=Review.Status.REJECTED).exists()


def take_over(failed: SnapshotJob, again: SnapshotJob, now: datetime) -> int:
    """`again` becomes the next round of `failed`, in the same occurrence; the number of deliveries that wait for it now."""
    again.occurrence_id, again.fingerprint, again.round = failed.occurrence_id, failed.fingerprint, failed.round + 1
    again.save(update_fields=["occurrence", "fingerprint", "round"])
    not_let_go = Q(status=Status.SUPPRESSED, failure_code__in=(reasons.REJECTED, reasons.NOT_RELEASED))
    waiting = Delivery.objects.for_tenant(failed.tenant).filter(Q(status=Status.FAILED) | not_let_go, job=failed)
    moved = waiting.update(job=again, **WAITS_FOR_FILES)
    assert failed.occurrence_id
    settle(failed.occurrence_id, now)
    return moved
