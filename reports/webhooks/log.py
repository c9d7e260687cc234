"""What a webhook's log tells of each message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.models import WebhookDelivery, WebhookTry


def with_last_try(rows: Sequence[WebhookDelivery]) -> None:
    """Sets `last` of each, of one webhook: its newest try, or None. In the tenant's scope."""
    if not rows:
        return
    tries = WebhookTry.objects.filter(tenant=rows[0].tenant_id, delivery__in=[row.pk for row in rows])
    newest = {one.delivery_id: one for one in tries.order_by("delivery", "-at", "-id").distinct("delivery")}
    row: Any
    for row in rows:
        row.last = newest.get(row.pk)
