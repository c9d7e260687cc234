"""Reminders: who downloaded nothing of what was sent gets one more mail, some days later, where the schedule says so.

When a delivery is to be looked at stands in its row since it was sent (`remind_at`), so turning reminders on reminds nobody of old reports.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from reports import notices
from reports.delivery.last_look import reason_not_to_send
from reports.links.remaking import is_gone
from reports.models import Delivery, Download, Link, Notice
from tenants import log_context
from tenants.scope import engine_scope, tenant_scope

# Of a company in one turn.
BATCH = 200
# Past that, the portal having been down, a reminder would come out of the blue.
LATEST = timedelta(days=7)
MayGoOn = Callable[[], bool]


def remind_at(delivery: Delivery, now: datetime) -> datetime | None:
    """When to look at what is sent now. None: its schedule reminds nobody, or its link may be gone by then."""
    schedule = delivery.occurrence.schedule if delivery.occurrence else None
    if schedule is None or schedule.remind_after_days is None or delivery.channel != Delivery.Channel.EMAIL:
        return None
    return now + timedelta(days=schedule.remind_after_days)


def remind_all(now: datetime, may_go_on: MayGoOn) -> int:
    """How many were reminded. Companies take turns. Outside any scope."""
    count = 0
    waiting = _companies(now)
    # Where a run has not time for all, or one fails, none is always the last.
    random.shuffle(waiting)
    while waiting and may_go_on():
        tenant_id = waiting.pop(0)
        with log_context.about(tenant=tenant_id):
            reminded, more = remind_some(tenant_id, now)
        count += reminded
        waiting += [tenant_id] if more else []
    return count


def _companies(now: datetime) -> list[uuid.UUID]:
    with engine_scope():
        due = Delivery.objects.filter(remind_at__lte=now).order_by()
        return list(due.values_list("tenant_id", flat=True).distinct())


def remind_some(tenant_id: uuid.UUID, now: datetime) -> tuple[int, bool]:
    """A batch: how many were reminded, and whether more are due. Two at once take different ones."""
    with tenant_scope(tenant_id):
        rows = Delivery.objects.filter(tenant=tenant_id, remind_at__lte=now).select_related("tenant", "job", "occurrence__schedule")
        due = list(rows.select_for_update(of=("self",), skip_locked=True).order_by("remind_at")[:BATCH])
        reminded = sum(_remind(delivery, now) for delivery in due)
        Delivery.objects.filter(tenant=tenant_id, pk__in=[delivery.pk for delivery in due]).update(remind_at=None)
    return reminded, len(due) == BATCH


def _remind(delivery: Delivery, now: datetime) -> bool:
    is_late = delivery.remind_at is not None and delivery.remind_at <= now - LATEST
    link = None if is_late else link_to_remind_of(delivery, now)
    if link is None:
        return False
    about = {
        "link": link,
        "job": delivery.job,
        "occurrence": delivery.occurrence,
        "schedule": delivery.occurrence and delivery.occurrence.schedule,
    }
    key = f"reminder {delivery.pk}"
    return notices.ask_for(delivery.tenant, Notice.Kind.REMINDER, key, delivery.address, now=now, language=delivery.language, **about)[1]


def link_to_remind_of(delivery: Delivery, now: datetime) -> Link | None:
    """Of what arrived, is still wanted and may be had, and of which nothing was downloaded. In the tenant's scope. None: there is none."""
    schedule = delivery.occurrence.schedule if delivery.occurrence else None
    if schedule is None or schedule.remind_after_days is None or delivery.status != Delivery.Status.SENT or delivery.tenant.suspended_at:
        return None
    if delivery.failure_code or reason_not_to_send(delivery, now):
        # Taken at first and held up or complained about later.
        return None
    own = Link.objects.for_tenant(delivery.tenant).filter(delivery=delivery).select_related("tenant", "job")
    found = list(own.order_by("created_at"))
    if not found or not found[0].is_working(now) or found[0].is_locked or is_gone(found[0], now):
        return None
    has_it = Download.objects.filter(tenant=delivery.tenant, link__in=found).exists()
    return None if has_it else found[0]
