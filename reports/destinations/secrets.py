"""What signs us in at a destination: a password, a private key, or the URL of a chat's webhook. Kept encrypted, never shown again."""

from __future__ import annotations

from reports.models import Destination
from tenants.encryption import decrypt, encrypt, is_current


def seal(destination: Destination, secret: str) -> str:
    return encrypt(secret, _place(destination))


def read(destination: Destination) -> str:
    """Empty: it has none. Raises tenants.encryption.Unreadable."""
    return decrypt(destination.sealed_secret, _place(destination)) if destination.sealed_secret else ""


def renew(destination: Destination) -> bool:
    """Brings it under the newest of the portal's keys; False where it is. In the tenant's scope. Raises Unreadable."""
    row = Destination.objects.select_for_update().get(tenant=destination.tenant_id, pk=destination.pk)
    if not row.sealed_secret or is_current(row.sealed_secret):
        return False
    # The version does count: a form that was opened before holds nothing of it.
    Destination.objects.filter(pk=row.pk).update(sealed_secret=seal(row, read(row)))
    return True


def _place(destination: Destination) -> str:
    return f"reports_destination|{destination.tenant_id}|{destination.pk}|secret"
