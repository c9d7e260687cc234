"""A delivery that waits for its next try is tried at once, because somebody asks for it."""

from __future__ import annotations

from datetime import datetime

from reports.models import Delivery
from tenants.audit import Actor, record


def try_now(delivery: Delivery, actor: Actor, *, now: datetime) -> bool:
    """In the tenant's scope. False: it is not waiting any more, or it waits for its files, which no try brings."""
    waiting = Delivery.objects.for_tenant(delivery.tenant).filter(pk=delivery.pk, status=Delivery.Status.PENDING)
    moved = waiting.exclude(next_try_at=None).update(next_try_at=now)
    if moved:
        record(actor, "delivery.tried_now", now=now, tenant=delivery.tenant, about=delivery)
    return bool(moved)
