"""One mail to each owner of the company when a webhook needs people: what is said to whom is in reports/mails/webhook_mails.py."""

from __future__ import annotations

import hashlib
from datetime import datetime

from reports import notices
from reports.models import Notice, Webhook
from reports.quota_warnings import owners
from reports.webhooks.making import host


def disabled(webhook: Webhook, now: datetime) -> None:
    """In the tenant's scope."""
    _tell(webhook, "disabled", now.isoformat(), now)


def dead(webhook: Webhook, now: datetime) -> None:
    """Once a day and webhook, however many of its messages die."""
    _tell(webhook, "dead", now.astimezone(webhook.tenant.zone).date().isoformat(), now)


def _tell(webhook: Webhook, what: str, when: str, now: datetime) -> None:
    data = {"what": what, "webhook": str(webhook.pk), "host": host(webhook), "why": webhook.disabled_reason}
    for owner in owners(webhook.tenant):
        key = f"webhook:{what}:{webhook.pk}:{when}:{hashlib.sha256(owner.encode()).hexdigest()[:16]}"
        notices.ask_for(webhook.tenant, Notice.Kind.WEBHOOK, key, owner, now=now, data=data)
