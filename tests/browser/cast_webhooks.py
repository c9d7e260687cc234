"""Webhooks in every state, and the log of one: taken, tried again, given up, and a test."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from reports.models import Event, Webhook, WebhookDelivery, WebhookTry
from tenants.models import Tenant, User
from tenants.scope import tenant_scope
from tests.factories import make_webhook, make_webhook_delivery

Type, Status = Event.Type, WebhookDelivery.Status
JOB = {
    "id": "5b0a6b1e-1c1f-4e53-9b0e-0d8a0a6c2f11",
    "status": "failed",
    "report": "agents",
    "reference": None,
    "metadata": {},
    "schedule": None,
    "batch": None,
    "failure": {"code": "report_failed", "message": "QuickSight could not draw the report.", "retryable": True},
    "files": [],
    "url": "https://reports.anycompany.example/api/v1/jobs/5b0a6b1e-1c1f-4e53-9b0e-0d8a0a6c2f11/",
}
TOOK, BROKE, HUNG = (204, 182, ""), (503, 61, "not_2xx"), (None, 15000, "no_answer")
Answer = tuple[int | None, int, str]


def make_webhooks(tenant: Tenant, marta: User, now: datetime) -> dict[str, str]:
    """What stands in the pages' addresses."""
    by = {"tenant": tenant, "created_by": marta.email}
    day = timedelta(days=1)
    lake = make_webhook(url="https://hooks.azurebay.example/reports", description="Data lake", created_at=now - 40 * day, **by)
    bi = make_webhook(
        url="https://bi.azurebay.example/in",
        description="Failures only",
        events=["job.failed", "delivery.failed"],
        created_at=now - 60 * day,
        status=Webhook.Status.DISABLED,
        disabled_reason="failing",
        **by,
    )
    crm = make_webhook(
        url="https://crm.azurebay.example/hooks/reports?tenant=1042",
        description="Tells hotel managers in the CRM",
        events=["link.downloaded"],
        created_at=now - 3 * day,
        status=Webhook.Status.PAUSED,
        old_secret_until=now + timedelta(hours=20),
        **by,
    )
    retried = _log_of_lake(lake, now)
    dead = _told(bi, Type.JOB_FAILED, now - 7 * day, [BROKE] * 10, Status.DEAD, data=JOB)
    _told(crm, Type.LINK_DOWNLOADED, now - timedelta(minutes=50), [], Status.PENDING, next_try_at=now + 29 * day)
    parts = {"webhook": lake, "webhook_off": bi, "webhook_paused": crm, "message": retried, "message_dead": dead}
    return {name: str(row.pk) for name, row in parts.items()}


def _log_of_lake(lake: Webhook, now: datetime) -> WebhookDelivery:
    minute = timedelta(minutes=1)
    _told(lake, Type.PING, now - 4000 * minute, [TOOK])
    _told(lake, Type.JOB_COMPLETED, now - 8000 * minute, [BROKE] * 10, Status.DEAD)
    _told(lake, Type.DELIVERY_FAILED, now - 240 * minute, [TOOK])
    _told(lake, Type.JOB_FAILED, now - 200 * minute, [BROKE, TOOK], data=JOB)
    retried = _told(
        lake, Type.JOB_FAILED, now - 160 * minute, [BROKE, BROKE, HUNG, BROKE], Status.FAILED, data=JOB, next_try_at=now + 9 * minute
    )
    _told(lake, Type.LINK_DOWNLOADED, now - 20 * minute, [TOOK])
    _told(lake, Type.JOB_COMPLETED, now - 6 * minute, [TOOK])
    return retried


def make_long_webhook(tenant: Tenant, owner: User, host: str, words: str, now: datetime) -> dict[str, str]:
    """Of a company in which everything is long."""
    webhook = make_webhook(
        tenant=tenant,
        url=f"https://{host}/{words}?key={words}",
        description=words,
        events=[str(type) for type in Type if type != Type.PING],
        created_by=owner.email,
        created_at=now - timedelta(days=2),
    )
    data = JOB | {"reference": words, "metadata": {words[:40]: words * 3}}
    message = _told(
        webhook,
        Type.JOB_FAILED,
        now - timedelta(minutes=90),
        [BROKE, HUNG],
        Status.FAILED,
        data=data,
        next_try_at=now + timedelta(minutes=9),
    )
    return {"webhook_long": str(webhook.pk), "message_long": str(message.pk)}


def _told(
    webhook: Webhook, type: Event.Type, at: datetime, answers: list[Answer], status: Status = Status.SUCCEEDED, **fields: Any
) -> WebhookDelivery:
    """The first try a moment after it happened, each next one a minute later."""
    if status not in WebhookDelivery.OPEN:
        fields["ended_at"] = at + timedelta(minutes=len(answers))
    message = make_webhook_delivery(webhook=webhook, type=type, status=status, tries=len(answers), created_at=at, **fields)
    with tenant_scope(webhook.tenant_id):
        for number, (response_status, duration_ms, error) in enumerate(answers):
            WebhookTry.objects.create(
                tenant_id=webhook.tenant_id,
                delivery=message,
                at=at + timedelta(seconds=1, minutes=number),
                response_status=response_status,
                duration_ms=duration_ms,
                error=error,
            )
    return message
