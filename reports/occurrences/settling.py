"""What an occurrence has come to, worked out from its jobs and deliveries whenever one of them ends."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reports import measures, tallies
from reports.mails.failure_notices import run_failed
from reports.models import Delivery, Occurrence, Review, SnapshotJob
from reports.occurrences import reasons

Status = Occurrence.Status


@dataclass(frozen=True)
class Outcome:
    status: str
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


RUNNING, HELD, DELIVERED = Outcome(Status.RUNNING), Outcome(Status.HELD), Outcome(Status.DELIVERED)
CHECKING, REJECTED = Review.Status.CHECKING, Review.Status.REJECTED
# Somebody's decision, or that nobody made one: who is told of that is told by the gate.
NOT_LET_GO = (reasons.REJECTED, reasons.NOT_RELEASED)


def settle(occurrence_id: uuid.UUID, now: datetime) -> Occurrence:
    """In the tenant's scope, in the transaction of the move that led here.

    The row is locked: of two that end at once, the second one sees the first one's end and closes the occurrence.
    """
    occurrence = Occurrence.objects.select_for_update(of=("self",)).select_related("tenant", "schedule").get(pk=occurrence_id)
    if occurrence.status in (Status.MISSED, Status.PLANNED) or occurrence.expanded_at is None:
        return occurrence
    end(occurrence, _outcome(occurrence), now)
    return occurrence


def end(occurrence: Occurrence, outcome: Outcome, now: datetime) -> None:
    """Writes what it came to, an end or not. The row is locked by the caller."""
    before, had_ended = occurrence.status, occurrence.has_ended
    occurrence.status, occurrence.reason, occurrence.detail = outcome.status, outcome.reason, outcome.detail
    occurrence.ended_at = None if outcome.status in Occurrence.OPEN else occurrence.ended_at or now
    occurrence.lease_until = None
    occurrence.save(update_fields=["status", "reason", "detail", "ended_at", "lease_until"])
    late = occurrence.lateness()
    # By hand it is planned for the moment of the click, which promised nothing.
    if late is not None and not had_ended and occurrence.kind == Occurrence.Kind.PLAN:
        tallies.observe(measures.LATE, late, status=occurrence.status)
    ended_badly = occurrence.status in (Status.FAILED, Status.PARTLY_DELIVERED) and outcome.reason not in NOT_LET_GO
    if occurrence.status != before and ended_badly:
        run_failed(occurrence, now)


def _outcome(occurrence: Occurrence) -> Outcome:
    deliveries = Delivery.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence)
    jobs = SnapshotJob.objects.for_tenant(occurrence.tenant).filter(occurrence=occurrence)
    reviews = Review.objects.for_tenant(occurrence.tenant).filter(job__occurrence=occurrence)
    held = reviews.held().values("job")
    # Asked first: of thousands of deliveries only the last one's end counts the others.
    if deliveries.open().exclude(job__in=held).exists() or jobs.moving().exists() or reviews.filter(status=CHECKING).exists():
        return RUNNING
    if held.exists():
        return HELD
    # Those of earlier rounds were made again.
    rounds = jobs.order_by("round").values_list("fingerprint", "status", "failure_code", "review__status", "review__decided_by")
    newest = {fingerprint: rest for fingerprint, *rest in rounds}
    failed = [code for status, code, *_review in newest.values() if status != SnapshotJob.Status.COMPLETED]
    not_let_go = [reasons.REJECTED if by else reasons.NOT_RELEASED for *_job, review, by in newest.values() if review == REJECTED]
    why: dict[str, Any] = {"reason": reasons.JOBS, "detail": {"code": failed[0]}} if failed else {"reason": reasons.DELIVERIES}
    counted = Counter(deliveries.values_list("status", flat=True))
    wanted = counted.total() - counted[Delivery.Status.SUPPRESSED]
    sent = counted[Delivery.Status.SENT]
    if not wanted:
        if not_sent := deliveries.filter(failure_code__in=(reasons.EMPTY, reasons.RECALLED)).values_list("failure_code", flat=True).first():
            return Outcome(Status.SKIPPED, not_sent)
        if failed:
            return Outcome(Status.FAILED, **why)
        if not_let_go:
            return Outcome(Status.SKIPPED, not_let_go[0])
        # A schedule without recipients is there for its files; one whose every address stopped the mails delivered nothing.
        return Outcome(Status.SKIPPED, reasons.NOBODY) if counted else DELIVERED
    if sent == wanted:
        return Outcome(Status.PARTLY_DELIVERED, not_let_go[0]) if not_let_go else DELIVERED
    return Outcome(Status.PARTLY_DELIVERED if sent else Status.FAILED, **why)
