"""Looking at a running job. Its end frees the slot at once; what came of it is read while the slot already works for another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from reports.aws.errors import AccessDenied, AwsError, NotFound, NotYet, NoVerdict
from reports.aws.quicksight import QuickSight, SnapshotResult, SnapshotStatus
from reports.engine import cadence, moves
from reports.engine.leasing import Lease
from reports.engine.start import Clock
from reports.models import Account, SnapshotJob

Status = SnapshotJob.Status


@dataclass(frozen=True)
class Seen:
    """What a look came to. `moved`: the job runs no more. `result`: of an ended job that was asked about by the result call."""

    moved: bool = False
    result: SnapshotResult | None = None
    opened: moves.Opened | None = None
    rendered_seconds: float | None = None


def look(lease: Lease, quicksight: QuickSight, clock: Clock) -> Seen:
    """One call. Raises NoVerdict when QuickSight did not say.

    Asked by the result call, a job that has ended stays leased to the caller, who goes on to collect it. By the same lease, so that the
    pump can give it back if it ends first.
    """
    try:
        result = _result(lease, quicksight) if lease.look == Account.Look.RESULT else None
        told = _status(lease, quicksight) if lease.look == Account.Look.DESCRIBE else _times(result)
    except NoVerdict:
        raise
    except AwsError as refusal:
        gone, now = refusal, clock()
        return Seen(_move(lease, lambda job: _refused(job, gone, now)))
    now = clock()
    if told and told.is_terminal:
        until = lease.until if result else None
        opened: list[moves.Opened] = []
        moved = _move(lease, lambda job: opened.append(_ended(job, told, now, until)))
        return Seen(moved, result, opened[0] if opened else None, _seconds(told))
    if lease.given_up_at and lease.given_up_at <= now:
        return Seen(_move(lease, lambda job: _give_up(job, told, now)))
    return Seen()


def _result(lease: Lease, quicksight: QuickSight) -> SnapshotResult | None:
    """None: not yet, which costs no more than to be told so by the describe call."""
    try:
        return quicksight.snapshot_result(lease.dashboard_id, str(lease.snapshot_id))
    except NotYet:
        return None


def _status(lease: Lease, quicksight: QuickSight) -> SnapshotStatus:
    return quicksight.snapshot_status(lease.dashboard_id, str(lease.snapshot_id))


def _times(result: SnapshotResult | None) -> SnapshotStatus | None:
    return SnapshotStatus(result.status, result.created_at, result.updated_at) if result else None


def _move(lease: Lease, act: moves.Act) -> bool:
    return moves.move(lease.tenant_id, lease.job_id, Status.RUNNING, act, snapshot_id=lease.snapshot_id)


def _ended(job: SnapshotJob, told: SnapshotStatus, now: datetime, lease_until: datetime | None) -> moves.Opened:
    attempt = moves.open_attempt_of(job)
    attempt.service_status, attempt.service_created_at, attempt.service_updated_at = told.status[:12], told.created_at, told.updated_at
    attempt.save(update_fields=["service_status", "service_created_at", "service_updated_at"])
    if job.move_to(Status.COLLECTING, next_look_at=now, lease_until=lease_until, no_verdicts=0, waiting=""):
        job.note("rendered" if told.status == "COMPLETED" else "refused", now, seconds=_seconds(told))
    return job, attempt


def _seconds(told: SnapshotStatus) -> float | None:
    return round((told.updated_at - told.created_at).total_seconds(), 1) if told.created_at and told.updated_at else None


def _give_up(job: SnapshotJob, told: SnapshotStatus | None, now: datetime) -> datetime | None:
    """It had its time, or its job's is over. What QuickSight makes of it later is not asked any more."""
    if told:
        job.attempts.filter(ended_at=None).update(service_status=told.status[:12])
    if job.deadline_at <= now:
        moves.fail(job, "deadline_passed", now)
        return None
    moves.try_again(job, moves.open_attempt_of(job), now, "render_timeout")
    return now + cadence.SLOT_RESTS


def _refused(job: SnapshotJob, refusal: AwsError, now: datetime) -> None:
    attempt = moves.open_attempt_of(job)
    if isinstance(refusal, NotFound):
        # QuickSight forgot a job that it had accepted: a new one may do better.
        moves.try_again(job, attempt, now, "result_missing", refusal.code, refusal.message)
        return
    code = "access_denied" if isinstance(refusal, AccessDenied) else "report_failed"
    moves.end_attempt(job, attempt, now, code, refusal.code, refusal.message)
    moves.fail(job, code, now)
