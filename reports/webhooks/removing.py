"""Deleting a webhook: its messages and their log go with it, and what it was is in the audit trail. Events stay."""

from __future__ import annotations

from datetime import datetime

from reports.models import Webhook
from reports.webhooks.making import facts
from tenants.audit import Actor, record


def remove(webhook: Webhook, actor: Actor, *, now: datetime) -> None:
    """In the tenant's scope. One that is on its way is not called back."""
    # Who tells it of something just now commits first, and nobody does after that: a message without its webhook would undo the fact.
    Webhook.objects.select_for_update().get(tenant=webhook.tenant_id, pk=webhook.pk)
    record(actor, "webhook.removed", now=now, tenant=webhook.tenant_id, about=webhook, before=facts(webhook))
    Webhook.objects.filter(tenant=webhook.tenant_id, pk=webhook.pk).delete()
