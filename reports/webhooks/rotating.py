"""A new secret. The old one signs as well for a day, so that the receiver can be told the new one meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from reports.models import Webhook
from reports.webhooks import secrets
from reports.webhooks.making import Made
from tenants.audit import Actor, record

BOTH_SIGN = timedelta(hours=24)


def rotate_secret(webhook: Webhook, actor: Actor, *, now: datetime) -> Made:
    """Replaced twice within the day, the first of the three signs no more. In the tenant's scope. Raises tenants.encryption.Unreadable."""
    row = Webhook.objects.select_for_update().get(tenant=webhook.tenant_id, pk=webhook.pk)
    old, new = secrets.read(row), secrets.new_secret()
    row.sealed_old_secret, row.old_secret_until = secrets.seal(row, old, secrets.OLD), now + BOTH_SIGN
    row.sealed_secret, row.secret_hint = secrets.seal(row, new), new[-secrets.HINT :]
    row.save(update_fields=["sealed_secret", "secret_hint", "sealed_old_secret", "old_secret_until"])
    row.refresh_from_db(fields=["version", "updated_at"])
    record(
        actor,
        "webhook.secret_replaced",
        now=now,
        tenant=row.tenant_id,
        about=row,
        before={"old_works_until": row.old_secret_until.isoformat()},
    )
    return Made(row, new)
