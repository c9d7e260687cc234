"""Writing down what became of a message. Every move names the lease it was sent under: who comes too late changes nothing."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db.models import F
from django.db.models.query import QuerySet

from reports import event_data, measures, tallies
from reports.delivery import retries
from reports.delivery.channel import NotSent, Refused, Sent, TryLater
from reports.delivery.taking import Lease
from reports.events import tell
from reports.models import Delivery, Event, Notice, Suppression
from reports.models.sending import Outgoing
from reports.nudges.reminding import remind_at
from reports.occurrences.settling import settle
from tenants.scope import tenant_scope
from tenants.secrets import storable

logger = logging.getLogger(__name__)
Status = Outgoing.Status
LATER = {"status": Status.PENDING, "lease_until": None}
ENDED = {"lease_until": None, "next_try_at": None}


def sent(lease: Lease, answer: Sent, now: datetime) -> bool:
    """False: somebody else has it by now."""
    return _write(lease, now, **ENDED, status=Status.SENT, sent_at=now, ended_at=now, failure_code="", answer=_said(answer.answer))


def not_sent(lease: Lease, error: NotSent, now: datetime, waits: tuple[int, ...] = retries.MINUTES) -> bool:
    """Tries it later, or gives it up: what was refused, and what was tried often enough. Whether it was given up."""
    said: dict[str, Any] = {"failure_code": error.code, "answer": _said(error.answer)}
    if isinstance(error, TryLater) and error.unknown:
        said["maybe_twice"] = True
    again_at = None if isinstance(error, Refused) else retries.next_try_at(lease.tries, now, waits)
    if again_at:
        _write(lease, now, **LATER, next_try_at=again_at, **said)
        return False
    bounced = isinstance(error, Refused) and error.bounced
    _write(lease, now, **ENDED, status=Status.BOUNCED if bounced else Status.FAILED, ended_at=now, **said)
    return True


def put_back(lease: Lease, now: datetime, *, at: datetime | None = None, error: NotSent | None = None) -> None:
    """It was not its own doing: the try does not count. It is due at `at`, by default at once."""
    said = {"failure_code": error.code, "answer": _said(error.answer)} if error else {}
    _write(lease, now, **LATER, next_try_at=at or now, tries=F("tries") - 1, **said)


def suppress(lease: Lease, reason: str, now: datetime) -> None:
    """In the tenant's scope."""
    _write(lease, now, **ENDED, status=Status.SUPPRESSED, ended_at=now, failure_code=reason)


def wait_for_files(lease: Lease, now: datetime) -> None:
    """In the tenant's scope: its job has none yet, and makes it due when it has."""
    _write(lease, now, **LATER, next_try_at=None, tries=F("tries") - 1)


def came_back(outgoing: Delivery | Notice, code: str, answer: str, now: datetime, *, suppress: bool) -> bool:
    """Taken by the other side, and returned later. In the tenant's scope. False: that was known before.

    Only with that news is the address suppressed: an old event that comes once more does not undo what people put right meanwhile.
    """
    rows = _row(outgoing).exclude(status=Status.BOUNCED)
    if not rows.update(**ENDED, status=Status.BOUNCED, ended_at=now, failure_code=code, answer=_said(answer)):
        return False
    if suppress:
        suppress_address(outgoing, Suppression.Reason.BOUNCED, answer, now)
    outgoing.refresh_from_db(fields=["status", "failure_code"])
    _ended(outgoing, now)
    return True


def complained(outgoing: Delivery | Notice, answer: str, now: datetime) -> bool:
    """It did arrive, so its status stays. In the tenant's scope. False: that was known before."""
    if not _row(outgoing).exclude(failure_code="complained").update(failure_code="complained", answer=_said(answer)):
        return False
    suppress_address(outgoing, Suppression.Reason.COMPLAINED, answer, now)
    return True


def delayed(outgoing: Delivery | Notice, answer: str) -> bool:
    """Whether it arrived in the end nobody will say: noted on what counts as sent, and nothing else."""
    return bool(_row(outgoing).filter(status=Status.SENT, failure_code="").update(failure_code="held_up", answer=_said(answer)))


def _said(answer: str) -> str:
    return storable(answer)[:500]


def _row(outgoing: Delivery | Notice) -> QuerySet[Any]:
    return type(outgoing)._default_manager.filter(tenant=outgoing.tenant, pk=outgoing.pk)


def suppress_address(outgoing: Delivery | Notice, reason: Suppression.Reason, answer: str, now: datetime) -> None:
    """A complaint outweighs what was there before: it is the one that nobody may overlook."""
    facts = {"reason": reason, "detail": _said(answer), "at": now}
    row, is_new = Suppression.objects.get_or_create(tenant=outgoing.tenant, email=outgoing.address.lower(), defaults=facts)
    if not is_new and reason == Suppression.Reason.COMPLAINED and row.reason != reason:
        Suppression.objects.filter(pk=row.pk).update(**facts)


def _write(lease: Lease, now: datetime, **changes: Any) -> bool:
    with tenant_scope(lease.tenant_id):
        rows = lease.model.objects.filter(tenant=lease.tenant_id, pk=lease.id, lease_until=lease.until, status__in=Outgoing.OPEN)
        if not rows.update(**changes):
            logger.info("%s %s: too late, somebody else has it", _name(lease), lease.id)
            return False
        status, code = changes["status"], changes.get("failure_code", "")
        logger.info("%s %s: %s", _name(lease), lease.id, status, extra={"to": str(status), "why": code, "tries": lease.tries})
        if status not in Outgoing.OPEN:
            outgoing = lease.model.objects.select_related("tenant").get(pk=lease.id)
            if status == Status.BOUNCED:
                suppress_address(outgoing, Suppression.Reason.BOUNCED, changes["answer"], now)
            _ended(outgoing, now)
        return True


def _ended(outgoing: Delivery | Notice, now: datetime) -> None:
    channel = outgoing.channel if isinstance(outgoing, Delivery) else measures.NOTICE
    tallies.count(measures.DELIVERIES, channel=channel, status=outgoing.status)
    if not isinstance(outgoing, Delivery):
        return
    if outgoing.status != Status.SUPPRESSED:
        type = Event.Type.DELIVERY_SENT if outgoing.status == Status.SENT else Event.Type.DELIVERY_FAILED
        tell(outgoing.tenant, type, event_data.of_delivery(outgoing), now)
    if outgoing.status == Status.SENT and (at := remind_at(outgoing, now)):
        _row(outgoing).update(remind_at=at)
    if outgoing.occurrence_id:
        settle(outgoing.occurrence_id, now)


def _name(lease: Lease) -> str:
    return lease.model._meta.model_name or ""
