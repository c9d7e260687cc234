"""A test: `webhook.ping` is sent to one webhook now, whatever its state, and what happened is told. It is not repeated by itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from reports.due import Taken
from reports.events import Fact, body
from reports.models import Event, Webhook, WebhookDelivery, WebhookTry
from reports.refused import Refused
from reports.webhooks import outcomes, sending
from reports.webhooks.making import one_at_a_time
from reports.webhooks.taking import LEASE_SECONDS
from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.scope import tenant_scope

# Of a company.
MOST_AT_ONCE = 2


def ping(webhook: Webhook, actor: Actor, clock: Callable[[], datetime]) -> WebhookTry | None:
    """Outside any scope: it calls the receiver, for up to 15 seconds. None: the webhook was deleted meanwhile.

    Raises Refused: test_running; tenants.encryption.Unreadable.
    """
    try:
        taken, message = _prepare(webhook, actor, clock())
    except Webhook.DoesNotExist:
        return None
    return outcomes.write(taken, sending.post(message, clock()), clock())


def _prepare(webhook: Webhook, actor: Actor, now: datetime) -> tuple[Taken, sending.Message]:
    """In the log and in hand at once, so that no sender takes it."""
    until = now + timedelta(seconds=LEASE_SECONDS)
    with tenant_scope(webhook.tenant_id):
        webhook = Webhook.objects.select_related("tenant").get(tenant=webhook.tenant_id, pk=webhook.pk)
        tenant = webhook.tenant
        _refuse_many(tenant, now, until)
        fact = Fact(tenant.pk, tenant.slug, Event.Type.PING, {"webhook": str(webhook.pk)})
        event = Event.objects.create(pk=fact.id, tenant=tenant, type=fact.type, created_at=now, body=body(fact, now))
        delivery = WebhookDelivery.objects.create(
            tenant=tenant, webhook=webhook, event=event, tries=1, next_try_at=until, lease_until=until, created_at=now
        )
        record(actor, "webhook.tested", now=now, tenant=tenant, about=webhook)
        return Taken(delivery.pk, tenant.pk, delivery.status, 1, until), sending.message_of(delivery, now)


def _refuse_many(tenant: Tenant, now: datetime, until: datetime) -> None:
    """Each holds a thread of the web server for as long as its receiver likes, and those are everybody's."""
    one_at_a_time(tenant.pk)
    # Who waited for their turn here may have looked at the clock before those they see now.
    latest = until + timedelta(seconds=LEASE_SECONDS)
    running = WebhookDelivery.objects.filter(tenant=tenant, next_try_at__gt=now, next_try_at__lte=latest, lease_until__gt=now)
    if running.filter(event__type=Event.Type.PING).count() >= MOST_AT_ONCE:
        raise Refused("test_running", _("Tests of your webhooks are under way. Wait until they have ended."))
