"""Changing a webhook, and stopping it for a while. Every move names what it leaves: twice changes nothing."""

from __future__ import annotations

from datetime import datetime

from reports.models import Webhook
from reports.models.webhooks import WebhookQuerySet
from reports.webhooks import making, parking
from reports.webhooks.making import Wanted
from tenants.audit import Actor, record

Status = Webhook.Status
PORTAL = Actor("portal")
SHOWN = ["url", "events", "description", "status", "disabled_reason", "version", "updated_at"]


def change(webhook: Webhook, actor: Actor, wanted: Wanted, *, now: datetime) -> bool:
    """False: it was so before. Raises Refused: unknown_event, webhook_exists. What waits goes to the new address. In the tenant's scope."""
    wanted = making.checked(wanted)
    new = making.values(wanted)
    before = making.facts(webhook)
    if all(getattr(webhook, name) == value for name, value in new.items()):
        return False
    if (new["url"], new["events"]) != (webhook.url, webhook.events):
        making.one_at_a_time(webhook.tenant_id)
        making.refuse_twin(_others(webhook), wanted)
    _rows(webhook).update(**new)
    webhook.refresh_from_db(fields=SHOWN)
    record(actor, "webhook.changed", now=now, tenant=webhook.tenant_id, about=webhook, before=before, after=making.facts(webhook))
    return True


def pause(webhook: Webhook, actor: Actor, *, now: datetime) -> bool:
    """What waits for it waits on; of what happens meanwhile it is not told, but by a replay. False: it was not active."""
    if not _rows(webhook).filter(status=Status.ACTIVE).update(status=Status.PAUSED):
        return False
    parking.park(webhook, now)
    _moved(webhook, actor, "webhook.paused", now)
    return True


def resume(webhook: Webhook, actor: Actor, *, now: datetime) -> bool:
    """Also one that the portal disabled. What waited for it is sent at once. False: it was active."""
    if not _rows(webhook).exclude(status=Status.ACTIVE).update(status=Status.ACTIVE, disabled_reason=""):
        return False
    parking.put_on_the_way(webhook, now)
    _moved(webhook, actor, "webhook.resumed", now)
    return True


def disable(webhook: Webhook, reason: str, *, now: datetime) -> bool:
    """By the portal, for a reason of reports/webhooks/reasons.py. False: it was not active."""
    if not _rows(webhook).filter(status=Status.ACTIVE).update(status=Status.DISABLED, disabled_reason=reason):
        return False
    parking.park(webhook, now)
    _moved(webhook, PORTAL, "webhook.disabled", now, because=reason)
    return True


def _rows(webhook: Webhook) -> WebhookQuerySet:
    return Webhook.objects.filter(tenant=webhook.tenant_id, pk=webhook.pk)


def _others(webhook: Webhook) -> WebhookQuerySet:
    return Webhook.objects.filter(tenant=webhook.tenant_id).exclude(pk=webhook.pk)


def _moved(webhook: Webhook, actor: Actor, action: str, now: datetime, **said: str) -> None:
    before = making.facts(webhook)
    webhook.refresh_from_db(fields=SHOWN)
    record(actor, action, now=now, tenant=webhook.tenant_id, about=webhook, before=before, after=making.facts(webhook) | said)
