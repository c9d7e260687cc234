"""What signs a webhook's messages: `whsec_` and base64 of random bytes, as Standard Webhooks has it. Kept encrypted, shown once."""

from __future__ import annotations

import base64
import secrets
from datetime import datetime

from reports.models import Webhook
from tenants.encryption import decrypt, encrypt, is_current

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


def renew(webhook: Webhook) -> bool:
    """Brings both under the newest of the portal's keys; False where they are. In the tenant's scope. Raises Unreadable."""
    row = Webhook.objects.select_for_update().get(tenant=webhook.tenant_id, pk=webhook.pk)
    if is_current(row.sealed_secret) and (not row.sealed_old_secret or is_current(row.sealed_old_secret)):
        return False
    row.sealed_secret = seal(row, read(row))
    if row.sealed_old_secret:
        row.sealed_old_secret = seal(row, read(row, OLD), OLD)
    row.save(update_fields=["sealed_secret", "sealed_old_secret"])
    return True


def _place(webhook: Webhook, field: str) -> str:
    return f"reports_webhook|{webhook.tenant_id}|{webhook.pk}|{field}"
