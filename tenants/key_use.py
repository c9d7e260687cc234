"""Using an API key: whose it is, whether it works, and what it may do at this moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenants import key_scopes
from tenants.compiled import Compiled, Slot, ask
from tenants.models import ApiKey, ApiKeyIndex, Tenant
from tenants.models.keys import MAX_KEY_LENGTH, MIN_KEY_LENGTH
from tenants.scope import tenant_scope
from tenants.secrets import secret_hash

INDEX = Compiled[ApiKeyIndex](lambda: ApiKeyIndex.objects.filter(sha256=Slot("sha256")).values_list("tenant"))
KEY = Compiled[ApiKey](lambda: ApiKey.objects.with_maker_role().filter(tenant=Slot("tenant"), sha256=Slot("sha256")))
TENANT = Compiled[Tenant](lambda: Tenant.objects.filter(pk=Slot("tenant")))


class EndedKey(Exception):
    """Its holder may know: nobody else can name it."""


class ExpiredKey(EndedKey):
    """Its time is over."""


class RevokedKey(EndedKey):
    """It was revoked, or who made it is not of the company any more."""


@dataclass(frozen=True)
class UsableKey:
    key: ApiKey
    scopes: frozenset[str]


def look_up(secret: str, now: datetime, ip: str | None) -> UsableKey | None:
    """The key with its tenant; None: there is none such. Raises ExpiredKey and RevokedKey. Outside any scope.

    The use is noted in a transaction of its own, so that it stays noted when the request is refused.
    """
    if not MIN_KEY_LENGTH <= len(secret) <= MAX_KEY_LENGTH:
        return None
    sha256 = secret_hash(secret)
    known = INDEX.tuples(sha256=sha256)
    if not known:
        return None
    ((tenant_id,),) = known
    with tenant_scope(tenant_id):
        keys, tenants = ask(KEY.with_values(tenant=tenant_id, sha256=sha256), TENANT.with_values(tenant=tenant_id))
        if not keys:
            return None
        (key,), (key.tenant,) = KEY.instances(keys), TENANT.instances(tenants)
        _refuse_ended(key, key.maker_role, now)
        ApiKey.objects.note_use(key, now, ip)
    return UsableKey(key, key_scopes.of_key(key, key.maker_role))


def _refuse_ended(key: ApiKey, maker_role: str | None, now: datetime) -> None:
    # What has expired is called revoked when its name is given to another key, and stays expired all the same.
    if key.expires_at is not None and key.expires_at <= min(now, key.revoked_at or now):
        raise ExpiredKey
    if key.revoked_at is not None or (key.created_by_id is not None and maker_role is None):
        raise RevokedKey
