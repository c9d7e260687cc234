"""What may be left of an address: a hash by a key of the company's own, which is encrypted.

Nobody reads the address out of it; who knows the address can ask whether it is the one. It outlives a change of the portal's keys.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import uuid
from collections.abc import Iterable

from reports.models import AddressKey, Suppression
from tenants.encryption import decrypt, encrypt, is_current
from tenants.models import Tenant

KEY_BYTES = 32


def address_hash(tenant: Tenant, address: str) -> bytes:
    """In the tenant's scope. Raises Unreadable when the portal's keys are not those that it was encrypted with."""
    sealed = AddressKey.objects.filter(tenant=tenant).values_list("sealed", flat=True).first()
    return hmac.digest(_open(tenant, sealed or _make(tenant)), address.strip().lower().encode(), "sha256")


def recall(tenant: Tenant, addresses: Iterable[str]) -> None:
    """Somebody who was erased is in the book again: what stopped their mails then stops them now, and is seen. In the tenant's scope."""
    hashed = Suppression.objects.filter(tenant=tenant, email="")
    if not hashed.exists():
        return
    by_hash = {address_hash(tenant, address): address for address in addresses}
    for found in hashed.filter(address_hmac__in=list(by_hash)):
        address = by_hash[bytes(found.address_hmac or b"")]
        if not Suppression.objects.filter(tenant=tenant, email=address).exists():
            Suppression.objects.filter(tenant=tenant, pk=found.pk).update(email=address, address_hmac=None)


def suppression_of(tenant: Tenant, address: str) -> Suppression | None:
    """What stops mails to the address, by itself or by its hash. In the tenant's scope."""
    named = Suppression.objects.filter(tenant=tenant, email=address.lower()).first()
    hashed = Suppression.objects.filter(tenant=tenant, email="")
    if named or not hashed.exists():
        return named
    return hashed.filter(address_hmac=address_hash(tenant, address)).first()


def renew(tenant_id: uuid.UUID) -> bool:
    """Brings the key under the newest of the portal's; False where it is, or there is none. In the tenant's scope. Raises Unreadable."""
    row = AddressKey.objects.select_for_update(of=("self",)).filter(tenant=tenant_id).first()
    if row is None or is_current(row.sealed):
        return False
    row.sealed = encrypt(decrypt(row.sealed, _place(tenant_id)), _place(tenant_id))
    row.save(update_fields=["sealed"])
    return True


def _make(tenant: Tenant) -> str:
    text = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    # Two at once: the first one's is kept, and read by both.
    row, _is_new = AddressKey.objects.get_or_create(tenant=tenant, defaults={"sealed": encrypt(text, _place(tenant.pk))})
    return row.sealed


def _open(tenant: Tenant, sealed: str) -> bytes:
    return base64.b64decode(decrypt(sealed, _place(tenant.pk)))


def _place(tenant_id: uuid.UUID) -> str:
    return f"reports_addresskey|{tenant_id}|sealed"
