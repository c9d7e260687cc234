"""Working the sender by hand, and a receiver that stands at an address which companies may name."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from reports.events import tell
from reports.models import Event, WebhookDelivery, WebhookTry
from reports.webhooks import sending
from reports.webhooks.sender import HANDS, Sender
from reports.webhooks.taking import Round
from tenants.scope import engine_scope, tenant_scope
from tests.hands import wait_until_free


def happen(tenant, type=Event.Type.JOB_COMPLETED, *, now=None, **data) -> Event:
    """Something that the tenant's webhooks are told of; the newest event."""
    with tenant_scope(tenant):
        tell(tenant, type, data or {"id": "1"}, now or timezone.now())
        return Event.objects.filter(tenant=tenant).latest("created_at", "id")


def take(room: int = 100, busy=()):
    with engine_scope():
        return Round().take(room, busy)


def send_all(clock=timezone.now) -> int:
    """Everything that is due, one after the other in this thread, in the test's own transaction."""
    taken = take()
    for one in taken:
        sending.try_once(one, clock)
    return len(taken)


def run(seconds: float = 20, sender: Sender | None = None) -> None:
    """A real sender with its threads, until nothing is due and nothing on its way. For transactional tests."""
    sender, end = sender or Sender(), time.monotonic() + seconds
    while sender.turn() or HANDS.carried():
        assert time.monotonic() < end, f"still busy after {seconds} s"
        time.sleep(0.02)


def wait_until_nothing_is_posted(seconds: float = 40) -> None:
    wait_until_free(HANDS, seconds)


def let_pass(tenant, **time_passed) -> None:
    """For all that waits, as if so much time had gone by."""
    passed = timedelta(**time_passed)
    with tenant_scope(tenant):
        rows = WebhookDelivery.objects.filter(tenant=tenant, status__in=WebhookDelivery.OPEN)
        rows.update(next_try_at=F("next_try_at") - passed, lease_until=F("lease_until") - passed)


def deliveries(tenant) -> list[WebhookDelivery]:
    with tenant_scope(tenant):
        return list(WebhookDelivery.objects.filter(tenant=tenant).select_related("event", "webhook").order_by("event__created_at", "id"))


def log(tenant) -> list[WebhookTry]:
    with tenant_scope(tenant):
        return list(WebhookTry.objects.filter(tenant=tenant).order_by("at", "id"))
