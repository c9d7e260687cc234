"""A test: `webhook.ping` is sent to one webhook now, whatever its state, and what happened is told. It is not repeated by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from reports.due import Taken
from reports.events import Fact, body
from reports.models import Event, Webhook, WebhookDelivery, WebhookTry
from reports.webhooks import outcomes, sending
from reports.webhooks.taking import LEASE_SECONDS
from tenants.audit import Actor, record
from tenants.scope import tenant_scope


def ping(webhook: Webhook, actor: Actor, clock: Callable[[], datetime]) -> WebhookTry | None:
    """Outside any scope: it calls the receiver, for up to 15 seconds. None: the webhook was deleted meanwhile.

    Raises tenants.encryption.Unreadable.
    """
    taken, message = _prepare(webhook, actor, clock())
    return outcomes.write(taken, sending.post(message, clock()), clock())


def _prepare(webhook: Webhook, actor: Actor, now: datetime) -> tuple[Taken, sending.Message]:
    """In the log and in hand at once, so that no sender takes it."""
    until = now + timedelta(seconds=LEASE_SECONDS)
    with tenant_scope(webhook.tenant_id):
        webhook = Webhook.objects.select_related("tenant").get(tenant=webhook.tenant_id, pk=webhook.pk)
        tenant = webhook.tenant
        fact = Fact(tenant.pk, tenant.slug, Event.Type.PING, {"webhook": str(webhook.pk)})
        event = Event.objects.create(pk=fact.id, tenant=tenant, type=fact.type, created_at=now, body=body(fact, now))
        delivery = WebhookDelivery.objects.create(
            tenant=tenant, webhook=webhook, event=event, tries=1, next_try_at=until, lease_until=until, created_at=now
        )
        record(actor, "webhook.tested", now=now, tenant=tenant, about=webhook)
        return Taken(delivery.pk, tenant.pk, delivery.status, 1, until), sending.message_of(delivery, now)
