"""Messages of a webhook that is not active: they wait until it is resumed, and go with their events when those are too old."""

from __future__ import annotations

from datetime import datetime, timedelta

from reports.models import Webhook, WebhookDelivery
from reports.models.webhooks import WebhookDeliveryQuerySet

EVENTS_KEPT = timedelta(days=30)


def park(webhook: Webhook, now: datetime) -> int:
    """In the tenant's scope, with the webhook's own move. How many. One that is on its way ends as it does."""
    return _waiting(webhook).update(next_try_at=now + EVENTS_KEPT)


def put_on_the_way(webhook: Webhook, now: datetime) -> int:
    """Whatever waits is due now, also what waited for a later try."""
    return _waiting(webhook).update(next_try_at=now)


def _waiting(webhook: Webhook) -> WebhookDeliveryQuerySet:
    return WebhookDelivery.objects.filter(tenant=webhook.tenant_id, webhook=webhook, status__in=WebhookDelivery.OPEN, lease_until=None)
