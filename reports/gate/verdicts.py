"""Writing down what the checks came to. Every move names the lease it was made under: who comes too late changes nothing."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from reports.due import Taken
from reports.gate import consequences
from reports.gate.beginning import gate_of
from reports.gate.judging import Judgement
from reports.gate.retries import next_try_at
from reports.models import Occurrence, Review, Schedule, SnapshotFile
from reports.models.reviews import ReviewQuerySet
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
Status = Review.Status


def leased(taken: Taken) -> ReviewQuerySet:
    return Review.objects.filter(tenant=taken.tenant_id, pk=taken.id, lease_until=taken.until, status=taken.status)


def write(taken: Taken, judgement: Judgement, now: datetime) -> Review | None:
    """Released or held. None: somebody else has it by now."""
    with tenant_scope(taken.tenant_id):
        review = _lock(taken)
        if review is None:
            return None
        review.findings, review.figures = judgement.findings, judgement.figures
        review.save(update_fields=["findings", "figures"])
        _keep_counts(review, judgement)
        gate = gate_of(review.job)
        # Without a gate, of a schedule that sends at once since, what is unusual is held all the same: somebody wanted it looked into.
        if judgement.findings or (gate and gate.release == Schedule.Release.BY_HAND):
            _hold(review, gate, now)
        else:
            review.move(Status.CHECKING, Status.RELEASED, next_try_at=None, decided_at=now)
            consequences.released(review, now)
        logger.info("review %s: %s", review.pk, review.status, extra={"findings": [finding["code"] for finding in judgement.findings]})
        return review


def put_off(taken: Taken, unread: Judgement, now: datetime) -> None:
    """S3 did not give a file: again later, or held after the last try."""
    again_at = next_try_at(taken.tries, now)
    if again_at is None:
        write(taken, unread, now)
        return
    with tenant_scope(taken.tenant_id):
        leased(taken).update(next_try_at=again_at, lease_until=None)


def let_lapse(taken: Taken, now: datetime) -> None:
    """Nobody decided in time: it is not sent."""
    with tenant_scope(taken.tenant_id):
        review = _lock(taken)
        if review is None:
            return
        review.move(Status.HELD, Status.REJECTED, next_try_at=None, decided_at=now)
        consequences.lapsed(review, now)


def _lock(taken: Taken) -> Review | None:
    """The occurrence before its reviews, as whoever decides does."""
    found = leased(taken).values_list("job__occurrence", flat=True).first()
    if found:
        Occurrence.objects.select_for_update().get(pk=found)
    rows = leased(taken).select_related("tenant", "job__tenant", "job__report", "job__occurrence__schedule", "job__occurrence__tenant")
    review = rows.select_for_update(of=("self",)).first()
    if review is None:
        logger.info("review %s: too late, somebody else has it", taken.id)
    return review


def _hold(review: Review, gate: Schedule | None, now: datetime) -> None:
    hours = gate.hold_hours if gate else Schedule._meta.get_field("hold_hours").default
    until = now + timedelta(hours=hours)
    review.move(Status.CHECKING, Status.HELD, next_try_at=until, held_at=now, held_until=until, tries=0)
    consequences.held(review, now)


def _keep_counts(review: Review, judgement: Judgement) -> None:
    """What was not counted when the files were saved, so that later ones have something to be compared with."""
    for key, seen in judgement.seen.items():
        files = SnapshotFile.objects.filter(tenant=review.tenant_id, pk=key)
        files.filter(pages=None).update(pages=seen.pages)
        files.filter(data_rows=None).update(data_rows=seen.rows)
