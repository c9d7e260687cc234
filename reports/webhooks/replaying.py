"""Sending again what was sent, or was not: the same event under the same id. Events are kept for 30 days, and go no further back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from reports.models import Event, Webhook, WebhookDelivery
from reports.webhooks.making import OFFERED
from reports.webhooks.parking import EVENTS_KEPT
from tenants.audit import Actor, record

Status = WebhookDelivery.Status
ANEW = {"status": Status.PENDING, "tries": 0, "ended_at": None}


def replay(delivery: WebhookDelivery, actor: Actor, *, now: datetime) -> bool:
    """With all tries of the table before it; one that waits is due now. False: it is on its way just now. In the tenant's scope.

    To a webhook that is not active it waits until that is resumed.
    """
    due = _due(delivery.webhook, now)
    rows = WebhookDelivery.objects.filter(tenant=delivery.tenant_id, pk=delivery.pk, lease_until=None)
    if not rows.update(**ANEW, next_try_at=due):
        return False
    record(actor, "webhook.replayed", now=now, tenant=delivery.tenant_id, about=delivery.webhook, after={"event": str(delivery.event_id)})
    return True


def replay_since(
    webhook: Webhook, actor: Actor, since: datetime, until: datetime | None = None, types: Collection[str] = (), *, now: datetime
) -> int:
    """Every event from `since` on, before `until`, of `types`: without any, of those the webhook asks for. How many are due now.

    Also events of which it was not told, because it was paused or not there yet. In the tenant's scope.
    """
    asked = set(OFFERED) if Webhook.EVERYTHING in webhook.events else set(webhook.events)
    events = Event.objects.filter(tenant=webhook.tenant_id, type__in=types or asked)
    events = events.filter(created_at__gte=max(since, now - EVENTS_KEPT), created_at__lt=until or now)
    due = _due(webhook, now)
    again = WebhookDelivery.objects.filter(tenant=webhook.tenant_id, webhook=webhook, event__in=events, lease_until=None)
    count = again.update(**ANEW, next_try_at=due)
    untold = events.exclude(deliveries__webhook=webhook).order_by("created_at", "id")
    new = [
        WebhookDelivery(tenant_id=webhook.tenant_id, webhook=webhook, event_id=pk, next_try_at=due, created_at=now)
        for pk in untold.values_list("pk", flat=True).iterator()
    ]
    count += len(WebhookDelivery.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True))
    said = {"since": since.isoformat(), "until": until.isoformat() if until else "", "types": sorted(types), "events": count}
    record(actor, "webhook.replayed", now=now, tenant=webhook.tenant_id, about=webhook, after=said)
    return count


def _due(webhook: Webhook, now: datetime) -> datetime:
    """Its state is read anew and held until the commit: one that is resumed meanwhile would leave behind what is parked after that."""
    held = Webhook.objects.select_for_update(no_key=True).filter(tenant=webhook.tenant_id, pk=webhook.pk).first()
    return now if held is None or held.status == Webhook.Status.ACTIVE else now + EVENTS_KEPT
