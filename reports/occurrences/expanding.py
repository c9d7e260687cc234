"""The expander: makes the jobs and deliveries of planned occurrences, one occurrence at a time, inside its tenant."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from django.db import InterfaceError, OperationalError

from reports.alerts import EVENT_LASTS, alert
from reports.engine.clock import DatabaseClock
from reports.engine.pump import wake
from reports.models import Occurrence, Schedule, SnapshotJob
from reports.occurrences import addressing, lateness, reasons, taking, wanting
from reports.occurrences.settling import Outcome, end
from reports.occurrences.taking import Taken
from reports.refused import Refused
from tenants import tracing
from tenants.scope import engine_scope, tenant_scope

logger = logging.getLogger(__name__)
Status = Occurrence.Status
# Starts without an end after which it is not tried again.
MAX_TRIES = 3
# Taken at once. All of them count a start when the process dies, so not many.
BATCH = 20
# Promises are looked at this often.
LATENESS_SECONDS = 15.0
# What Refused says at the making of jobs, as a reason.
REASONS = {
    "report_not_available": reasons.NOT_OFFERED,
    "format_not_offered": reasons.UNFIT,
    "visual_not_offered": reasons.UNFIT,
    "queue_full": reasons.TOO_MANY,
    "quota_exceeded": reasons.QUOTA,
}


def expander(half: int) -> Callable[[], bool]:
    """Of one half of the tenants, 0 or 1."""
    return Expander(half).turn


class Expander:
    """The work of one stand."""

    def __init__(self, half: int) -> None:
        self.half, self.round, self.clock, self.began = half, taking.Round(half), DatabaseClock(), False
        self.looked_at = time.monotonic()

    def turn(self) -> bool:
        """Whether there was work."""
        with engine_scope():
            self.clock.synchronise()
            if not self.began:
                # Nobody else stands here, so whoever held them is gone.
                taking.release_all(self.half)
                self.began = True
            taken = self.round.begun() + self.round.fresh(BATCH)
        accounts = {account_id for single in taken for account_id in _work_on(single, self.clock())}
        for account_id in accounts:
            wake(account_id)
        if time.monotonic() > self.looked_at + LATENESS_SECONDS:
            self.looked_at = time.monotonic()
            lateness.warn(self.clock())
        return bool(taken)


def _work_on(taken: Taken, now: datetime) -> set[int]:
    """One that breaks keeps no other waiting; it is tried again when its lease is over. The accounts that have work now."""
    try:
        if taken.tries > MAX_TRIES:
            give_up(taken, now)
            return set()
        return expand(taken, now)
    except (OperationalError, InterfaceError):
        # The database is away: nothing of the others could be done either.
        raise
    except Exception:
        logger.exception("occurrence %s of tenant %s: neither its jobs nor its end could be made", taken.id, taken.tenant_id)
        return set()


def expand(taken: Taken, now: datetime) -> set[int]:
    """All of it or nothing, in one transaction. Twice at once does it once. The account that has work now, if any."""
    # Where a trace of a planned run begins: with all its jobs.
    facts = {"fanfold.tenant": str(taken.tenant_id), "fanfold.occurrence": str(taken.id)}
    with tracing.span("occurrence.expand", facts, parent="") as span, tenant_scope(taken.tenant_id):
        occurrence = _locked(taken)
        if occurrence is None:
            return set()
        span.note(schedule=str(occurrence.schedule_id))
        if outcome := _not_to_run(occurrence):
            span.end_as(outcome.reason or outcome.status)
            end(occurrence, outcome, now)
            return set()
        try:
            wanted = wanting.check(occurrence, now)
            _make(occurrence, wanted, now)
        except Refused as refused:
            span.end_as(refused.code, failed=True)
            end(occurrence, _refusal(refused), now)
            return set()
        return {wanted.account_id}


def give_up(taken: Taken, now: datetime) -> None:
    told = f"Occurrence {taken.id} was begun {taken.tries - 1} times without an end, and is not tried again."
    alert("occurrence_given_up", told, lasts=EVENT_LASTS)
    with tenant_scope(taken.tenant_id):
        if occurrence := _locked(taken):
            end(occurrence, Outcome(Status.FAILED, reasons.INTERNAL), now)


def _locked(taken: Taken) -> Occurrence | None:
    """None: somebody was quicker."""
    rows = Occurrence.objects.filter(tenant=taken.tenant_id, status=Status.PLANNED)
    return rows.select_for_update(of=("self",)).select_related("tenant", "schedule", "schedule__report").filter(pk=taken.id).first()


def _not_to_run(occurrence: Occurrence) -> Outcome | None:
    """What happened between the planned instant and now."""
    schedule = occurrence.schedule
    if schedule.retired_at:
        return Outcome(Status.SKIPPED, reasons.RETIRED)
    if schedule.fault:
        return Outcome(Status.FAILED, reasons.FAULT, {"text": schedule.fault})
    if suspended_at := occurrence.tenant.suspended_at:
        return Outcome(Status.SKIPPED, reasons.SUSPENDED, {"since": suspended_at.isoformat()})
    if not schedule.enabled and occurrence.kind == Occurrence.Kind.PLAN:
        since = schedule.paused_at.isoformat() if schedule.paused_at else ""
        return Outcome(Status.SKIPPED, reasons.PAUSED, {"by": schedule.paused_by, "since": since})
    return None


def _refusal(refused: Refused) -> Outcome:
    return Outcome(Status.FAILED, REASONS.get(refused.code, reasons.PARAMETERS), {"text": refused.detail})


def _make(occurrence: Occurrence, wanted: SnapshotJob, now: datetime) -> None:
    """A job for each set of rows, and a delivery for everybody who is to get them. Raises Refused, and nothing is made then."""
    audiences = addressing.who_gets(occurrence.schedule)
    jobs = wanting.make_jobs(occurrence, wanted, [rows.tags for rows in audiences], now)
    addressing.make_deliveries(occurrence, list(zip(jobs, audiences, strict=True)), now)
    Occurrence.objects.filter(pk=occurrence.pk).update(status=Status.RUNNING, expanded_at=now, lease_until=None)
    if occurrence.schedule.job_count != len(jobs):
        Schedule.objects.for_tenant(occurrence.tenant).filter(pk=occurrence.schedule_id).update(job_count=len(jobs))
