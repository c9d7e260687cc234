"""Writing down what became of a message. Every move names the lease it was sent under: who comes too late changes nothing."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from reports import measures, tallies
from reports.due import Taken
from reports.models import Event, Webhook, WebhookDelivery, WebhookTry
from reports.webhooks import changing, reasons, telling_owners
from reports.webhooks.parking import EVENTS_KEPT
from reports.webhooks.retries import next_try_at
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
Status = WebhookDelivery.Status
# A message died, and nothing else was taken for so long: the table of retries is a little longer.
FAILING_FOR = timedelta(days=3)


@dataclass(frozen=True)
class Outcome:
    """`status` None: there was no answer. `error` as in reports/webhooks/reasons.py; empty: it was taken. `retry_after` in seconds."""

    status: int | None
    error: str
    seconds: float
    retry_after: float | None = None


def write(taken: Taken, outcome: Outcome, now: datetime) -> WebhookTry | None:
    """None: somebody else has it by now, or it was deleted meanwhile."""
    with tenant_scope(taken.tenant_id):
        delivery = (
            WebhookDelivery.objects.select_for_update(of=("self",))
            .select_related("webhook__tenant", "event")
            .filter(tenant=taken.tenant_id, pk=taken.id, lease_until=taken.until, status__in=WebhookDelivery.OPEN)
            .first()
        )
        if delivery is None:
            logger.info("webhook message %s: too late, somebody else has it", taken.id)
            return None
        again_at = _again_at(delivery, outcome, now)
        _move(delivery, outcome, again_at, now)
        if outcome.error and delivery.event.type != Event.Type.PING:
            _judge(delivery, outcome, again_at is None, now)
        return WebhookTry.objects.create(
            tenant_id=taken.tenant_id,
            delivery=delivery,
            at=now,
            response_status=outcome.status,
            duration_ms=round(outcome.seconds * 1000),
            error=outcome.error,
        )


def put_back(taken: Taken, delivery: WebhookDelivery, now: datetime) -> None:
    """The try does not count. It waits until its webhook is resumed; of a suspended company it is due at once, and not taken. In the
    tenant's scope."""
    # Locked: one that is resumed meanwhile waits, and finds this row parked, or was resumed before and is read so.
    webhook = Webhook.objects.select_for_update().get(tenant=taken.tenant_id, pk=delivery.webhook_id)
    is_parked = webhook.status != Webhook.Status.ACTIVE
    rows = WebhookDelivery.objects.filter(tenant=taken.tenant_id, pk=taken.id, lease_until=taken.until)
    rows.update(next_try_at=now + EVENTS_KEPT if is_parked else now, lease_until=None, tries=F("tries") - 1)


def _again_at(delivery: WebhookDelivery, outcome: Outcome, now: datetime) -> datetime | None:
    """None: it is over, well or not. A test is not repeated, and who is gone for good is not asked again."""
    if not outcome.error or outcome.error == reasons.GONE or delivery.event.type == Event.Type.PING:
        return None
    return next_try_at(delivery.tries, now, outcome.retry_after)


def _move(delivery: WebhookDelivery, outcome: Outcome, again_at: datetime | None, now: datetime) -> None:
    ended = Status.DEAD if outcome.error else Status.SUCCEEDED
    changes: dict[str, Any] = {"status": Status.FAILED if again_at else ended, "next_try_at": again_at, "lease_until": None}
    changes["ended_at"] = None if again_at else now
    if not again_at:
        tallies.count(measures.DELIVERIES, channel=measures.WEBHOOK, status="failed" if outcome.error else "sent")
    WebhookDelivery.objects.filter(tenant=delivery.tenant_id, pk=delivery.pk).update(**changes)
    said = {"to": str(changes["status"]), "why": outcome.error, "tries": delivery.tries, "event": str(delivery.event_id)}
    logger.info("webhook message %s: %s", delivery.pk, changes["status"], extra=said)


def _judge(delivery: WebhookDelivery, outcome: Outcome, is_dead: bool, now: datetime) -> None:
    """What a failure says of its webhook. One message that is refused for ever while others are taken says nothing of it."""
    webhook = delivery.webhook
    if outcome.error == reasons.GONE:
        if changing.disable(webhook, reasons.GONE, now=now):
            telling_owners.disabled(webhook, now)
    elif is_dead:
        if not _took_something_since(webhook, now - FAILING_FOR) and changing.disable(webhook, reasons.FAILING, now=now):
            telling_owners.disabled(webhook, now)
        else:
            telling_owners.dead(webhook, now)


def _took_something_since(webhook: Webhook, at: datetime) -> bool:
    tries = WebhookTry.objects.filter(tenant=webhook.tenant_id, delivery__webhook=webhook, at__gte=at, error="")
    return tries.exclude(delivery__event__type=Event.Type.PING).exists()
