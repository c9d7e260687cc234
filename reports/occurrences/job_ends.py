"""The end of a job, for those who wait for its files: in the same transaction as the job's own move."""

from __future__ import annotations

from datetime import datetime

from reports.models import Delivery, Format, SnapshotJob
from reports.occurrences import reasons
from reports.occurrences.settling import settle

Status = Delivery.Status
JOB_FAILED = "job_failed"


def settle_deliveries(job: SnapshotJob, now: datetime) -> None:
    """Its deliveries become due, or end with it; then its occurrence is settled. In the tenant's scope."""
    waiting = Delivery.objects.for_tenant(job.tenant).filter(job=job, status=Status.PENDING)
    if job.status != SnapshotJob.Status.COMPLETED:
        waiting.update(status=Status.FAILED, failure_code=JOB_FAILED, next_try_at=None, ended_at=now)
    elif _sends_nothing(job):
        waiting.update(status=Status.SUPPRESSED, failure_code=reasons.EMPTY, next_try_at=None, ended_at=now)
    else:
        waiting.update(next_try_at=now)
    if job.occurrence_id:
        settle(job.occurrence_id, now)


def _sends_nothing(job: SnapshotJob) -> bool:
    """Every CSV of it is empty, and its schedule sends no empty reports. A file whose lines nobody counted is not called empty."""
    if job.occurrence is None or not job.occurrence.schedule.skip_if_empty:
        return False
    rows = job.files.filter(format=Format.CSV).values_list("data_rows", flat=True)
    return bool(rows) and not any(number is None or number > 0 for number in rows)
