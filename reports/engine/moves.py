"""How a job moves in the engine's hands: the row, its attempt, its timeline and its slot, in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from reports import measures, tallies
from reports.aws.errors import AccountRefused, LimitReached, NoVerdict, Throttled, Unanswered
from reports.engine import breaker, cadence, slots
from reports.failures import DISCARDED
from reports.job_ends import job_ended
from reports.models import Attempt, SnapshotJob
from tenants.scope import as_engine, tenant_scope

Status, Waiting = SnapshotJob.Status, SnapshotJob.Waiting
Act = Callable[[SnapshotJob], object]
# A job and its open attempt, as they were read.
Opened = tuple[SnapshotJob, Attempt]
MAX_CRASHES = 3


class FileStoreSilent(NoVerdict):
    """S3 did not say, or let nobody in. QuickSight did: its result had just been read."""


def move(tenant_id: uuid.UUID, job_id: uuid.UUID, seen: str, act: Act, *, snapshot_id: uuid.UUID | None = None) -> bool:
    """Run `act` on the job inside its tenant, and give the slot back if the job left the states that hold one. Whether it was run.

    `seen` is the status, and `snapshot_id` the open attempt, that the call before this was about. A job that somebody moved meanwhile
    is left alone: two pumps may work on one job when the first one's call outlived its window. `act` may return until when the slot
    rests, because QuickSight goes on rendering what was given up.
    """
    with tenant_scope(tenant_id):
        job = SnapshotJob.objects.select_related("tenant", "report").select_for_update(of=("self",)).get(pk=job_id)
        if job.status != seen or (snapshot_id and job.snapshot_id != snapshot_id):
            return False
        # QuickSight accepted it, or may have without our hearing of it: it goes on rendering, whatever we make of the job.
        may_render = seen == Status.RUNNING or (seen == Status.STARTING and _may_be_accepted(job))
        outcome = act(job)
        gives_back = seen in SnapshotJob.SLOT_HOLDERS and job.status not in SnapshotJob.SLOT_HOLDERS
        ends_at = job.finished_at if may_render and job.status in (Status.FAILED, Status.CANCELLED) else None
        rests_until = ends_at + cadence.SLOT_RESTS if ends_at else outcome if isinstance(outcome, datetime) else None
        verdict = breaker.verdict(job, seen)
        if gives_back or verdict is not None:
            with as_engine():
                if gives_back:
                    slots.free(job_id, rests_until=rests_until)
                if verdict is not None:
                    breaker.hear(job.report_id, verdict)
    return True


def _may_be_accepted(job: SnapshotJob) -> bool:
    """Also after a crash or a call without a verdict: nobody knows how far that step got. Before there is an attempt nothing was sent."""
    attempts = job.attempts.filter(ended_at=None)
    return (attempts if job.crashes or job.no_verdicts else attempts.exclude(accepted_at=None)).exists()


def open_attempt(tenant_id: uuid.UUID, job_id: uuid.UUID, status: str) -> Opened | None:
    """The job and what it asks QuickSight, or None when it has moved on from `status`."""
    with tenant_scope(tenant_id):
        job = SnapshotJob.objects.select_related("report").get(pk=job_id)
        attempt = job.attempts.filter(ended_at=None).first()
    return (job, attempt) if job.status == status and attempt else None


def open_attempt_of(job: SnapshotJob) -> Attempt:
    """Of a job that runs or is collected: it has one. In its tenant's scope."""
    return job.attempts.get(ended_at=None)


def fail(job: SnapshotJob, code: str, now: datetime, *, detail: str = "") -> None:
    """`detail` is our own sentence that says more than the cause's usual one; never AWS's text. Without it each reader gets the cause."""
    if dropped(job, now):
        return
    if job.move_to(Status.FAILED, failure_code=code, failure_message=detail, finished_at=now):
        _end_open(job, now, code)
        job.note("failed", now, code=code)
        job_ended(job, now)


def dropped(job: SnapshotJob, now: datetime) -> bool:
    """Whatever came of one whose result nobody wants any more, it ends cancelled. False: it is wanted. Of a job that is locked.

    Asked wherever QuickSight is done with it. What the attempt left in S3 is no file of anybody, and goes as that of failed ones does.
    """
    if job.discarded_at is None:
        return False
    if job.move_to(Status.CANCELLED, why=DISCARDED, finished_at=now):
        _end_open(job, now, DISCARDED)
        job.note("dropped", now)
        job_ended(job, now)
    return True


def refuse(job: SnapshotJob, code: str, now: datetime, *, detail: str = "") -> None:
    """QuickSight does not take it. The first of a report fails and has the report paused; who comes after it only waits."""
    if dropped(job, now):
        return
    is_known = code in breaker.AT_ONCE and breaker.is_open(job.report_id)
    if not is_known or job.deadline_at <= now:
        fail(job, code, now, detail=detail)
    elif job.move_to(Status.QUEUED, why=code, next_look_at=None, lease_until=None, no_verdicts=0, waiting=Waiting.NOTHING):
        job.note("held", now, code=code)


def end_attempt(job: SnapshotJob, attempt: Attempt, now: datetime, code: str = "", error_type: str = "", error_message: str = "") -> None:
    ended = Attempt.objects.filter(pk=attempt.pk, ended_at=None).update(
        ended_at=now, failure_code=code, error_type=error_type[:128], error_message=error_message
    )
    _count(job, code, ended)


def _end_open(job: SnapshotJob, now: datetime, code: str) -> None:
    _count(job, code, job.attempts.filter(ended_at=None).update(ended_at=now, failure_code=code))


def _count(job: SnapshotJob, code: str, ended: int) -> None:
    if ended:
        tallies.count(measures.ATTEMPTS, ended, account=job.account_id, outcome=code or Status.COMPLETED)


def try_again(job: SnapshotJob, attempt: Attempt, now: datetime, code: str, error_type: str = "", error_message: str = "") -> None:
    """An attempt failed for a reason that may pass: back to the queue with a new id, or the end after the last attempt."""
    end_attempt(job, attempt, now, code, error_type, error_message)
    if dropped(job, now):
        return
    if attempt.number >= cadence.MAX_ATTEMPTS:
        fail(job, code, now)
        return
    wait = cadence.attempt_backoff(attempt.number)
    changes: dict[str, Any] = {"not_before": now + wait, "next_look_at": None, "lease_until": None, "no_verdicts": 0}
    changes |= {"waiting": Waiting.RETRY, "rendering_since": None, "render_until": None}
    if job.move_to(Status.QUEUED, why=code, **changes):
        job.note("attempt_failed", now, attempt=attempt.number, code=code, wait=round(wait.total_seconds()))


def postpone(job: SnapshotJob, error: NoVerdict, now: datetime) -> None:
    """QuickSight or S3 gave no verdict: the same call again later, with the same attempt, until the deadline."""
    if job.deadline_at <= now:
        code = "service_unavailable" if isinstance(error, Unanswered | FileStoreSilent) else "deadline_passed"
        code = "account_paused" if isinstance(error, AccountRefused) else code
        for attempt in job.attempts.filter(ended_at=None):
            end_attempt(job, attempt, now, code, error.code, error.message)
        fail(job, code, now)
    elif isinstance(error, LimitReached) and job.status == Status.STARTING:
        if dropped(job, now):
            return
        wait = cadence.SLOTS_TAKEN_WAIT
        if job.move_to(Status.QUEUED, not_before=now + wait, next_look_at=None, lease_until=None, waiting=Waiting.SLOTS_TAKEN):
            job.note("slots_taken", now)
    else:
        _wait_for_answer(job, error, now)


def look_again(job: SnapshotJob, now: datetime, after: timedelta) -> None:
    """A verdict that says: not yet."""
    _update(job, next_look_at=now + after, lease_until=None, no_verdicts=0, waiting=Waiting.NOTHING)


def note_crash(job: SnapshotJob, now: datetime) -> None:
    """Our own code failed on this job: a few more tries, then an end that people see, so that it cannot hold its slot for ever."""
    if job.crashes + 1 >= MAX_CRASHES:
        fail(job, "internal", now)
    else:
        _update(job, crashes=job.crashes + 1, next_look_at=now + cadence.no_verdict_backoff(3), lease_until=None)


def _wait_for_answer(job: SnapshotJob, error: NoVerdict, now: datetime) -> None:
    waiting, event = _why(job, error)
    if event:
        job.note(event, now, code=error.code)
    # Who is refused waits for the account's next probe, and has to be due for it.
    wait = cadence.no_verdict_backoff(0 if isinstance(error, AccountRefused) else job.no_verdicts)
    no_verdicts = min(job.no_verdicts + 1, 1000)
    _update(job, next_look_at=now + wait, lease_until=None, no_verdicts=no_verdicts, waiting=waiting)


def _why(job: SnapshotJob, error: NoVerdict) -> tuple[str, str]:
    """What the job waits for, and the line of the timeline when that is new."""
    if isinstance(error, Throttled):
        return Waiting.THROTTLED, ""
    if isinstance(error, FileStoreSilent):
        return Waiting.NOTHING, "" if job.no_verdicts else "file_store_silent"
    if isinstance(error, AccountRefused):
        return Waiting.NO_ACCESS, "" if job.waiting == Waiting.NO_ACCESS else "no_access"
    if isinstance(error, Unanswered):
        return Waiting.NO_ANSWER, "" if job.waiting == Waiting.NO_ANSWER else "unanswered"
    return Waiting.NOTHING, ""


def _update(job: SnapshotJob, **changes: object) -> None:
    """Columns only, in the state the job was read in: a job that somebody moved meanwhile is theirs."""
    SnapshotJob.objects.filter(pk=job.pk, status=job.status).update(**changes)
