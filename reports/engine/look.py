"""Looking at a running job. Its end frees the slot at once; what came of it is read while the slot already works for another."""

from __future__ import annotations

import uuid
from datetime import datetime

from reports.aws.errors import AccessDenied, AwsError, NotFound, NoVerdict
from reports.aws.quicksight import QuickSight, SnapshotStatus
from reports.engine import cadence, moves
from reports.engine.start import Clock
from reports.models import Attempt, SnapshotJob

Status = SnapshotJob.Status


def look(tenant_id: uuid.UUID, job_id: uuid.UUID, quicksight: QuickSight, clock: Clock) -> bool:
    """One describe call; False when there was nothing to ask. Raises NoVerdict when QuickSight did not say."""
    found = moves.open_attempt(tenant_id, job_id, Status.RUNNING)
    if found is None:
        return False
    _job, attempt = found
    try:
        told = quicksight.snapshot_status(attempt.dashboard_id, str(attempt.pk))
    except NoVerdict:
        raise
    except AwsError as refusal:
        gone, now = refusal, clock()
        moves.move(tenant_id, job_id, Status.RUNNING, lambda job: _refused(job, attempt, gone, now), attempt=attempt)
    else:
        now = clock()
        moves.move(tenant_id, job_id, Status.RUNNING, lambda job: _told(job, attempt, told, now), attempt=attempt)
    return True


def _told(job: SnapshotJob, attempt: Attempt, told: SnapshotStatus, now: datetime) -> None:
    Attempt.objects.filter(pk=attempt.pk).update(
        service_status=told.status[:12], service_created_at=told.created_at, service_updated_at=told.updated_at
    )
    if told.is_terminal:
        if job.move_to(Status.COLLECTING, next_look_at=now, lease_until=None, no_verdicts=0, waiting=""):
            job.note("rendered" if told.status == "COMPLETED" else "refused", now, seconds=_seconds(told))
    elif job.deadline_at <= now:
        moves.fail(job, "deadline_passed", now)
    else:
        # S3 told of a file already: the end is near, and what was told during this call was no news to it.
        moves.look_again(job, now, cadence.next_look(now - (job.object_seen_at or attempt.accepted_at or now)))


def _seconds(told: SnapshotStatus) -> float | None:
    return round((told.updated_at - told.created_at).total_seconds(), 1) if told.created_at and told.updated_at else None


def _refused(job: SnapshotJob, attempt: Attempt, refusal: AwsError, now: datetime) -> None:
    if isinstance(refusal, NotFound):
        # QuickSight forgot a job that it had accepted: a new one may do better.
        moves.try_again(job, attempt, now, "result_missing", refusal.code, refusal.message)
        return
    code = "access_denied" if isinstance(refusal, AccessDenied) else "report_failed"
    moves.end_attempt(attempt, now, code, refusal.code, refusal.message)
    moves.fail(job, code, now)
