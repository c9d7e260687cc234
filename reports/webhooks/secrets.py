"""What signs a webhook's messages: `whsec_` and base64 of random bytes, as Standard Webhooks has it. Kept encrypted, shown once."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime

from reports.models import Webhook
from tenants.encryption import decrypt, encrypt

PREFIX, BYTES, HINT = "whsec_", 32, 4
CURRENT, OLD = "secret", "old_secret"


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def seal(webhook: Webhook, secret: str, field: str = CURRENT) -> str:
    return encrypt(secret, _place(webhook, field))


def read(webhook: Webhook, field: str = CURRENT) -> str:
    """Raises tenants.encryption.Unreadable."""
    return decrypt(webhook.sealed_secret if field == CURRENT else webhook.sealed_old_secret, _place(webhook, field))


def signing(webhook: Webhook, now: datetime) -> tuple[str, ...]:
    """The newest first; the one before it too as long as both sign. Raises tenants.encryption.Unreadable."""
    both = webhook.old_secret_until is not None and webhook.old_secret_until > now
    return (read(webhook), read(webhook, OLD)) if both else (read(webhook),)


def _place(webhook: Webhook, field: str) -> str:
    return f"reports_webhook|{webhook.tenant_id}|{webhook.pk}|{field}"
