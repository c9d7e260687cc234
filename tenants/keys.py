"""API keys that a company's people make, replace and take back. Secrets are given out once, by what makes them, and kept nowhere.

Everything here runs in the tenant's scope. What a key may do when it is used is in tenants/key_use.py.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from tenants.access import may
from tenants.audit import Actor, record
from tenants.key_scopes import of_role
from tenants.models import ApiKey, ApiKeyIndex, Membership, Tenant, User
from tenants.secrets import is_storable, secret_hash

SHORTEST, USUAL, LONGEST = timedelta(days=7), timedelta(days=365), timedelta(days=730)
# How long the key before goes on once it is replaced.
GOES_ON, GOES_ON_AT_MOST = timedelta(days=7), timedelta(days=90)


@dataclass(frozen=True)
class Wanted:
    """`lasts` is SHORTEST to LONGEST: keys of people end. Those without an end are the platform's."""

    name: str
    scopes: Collection[str]
    lasts: timedelta = USUAL


@dataclass(frozen=True)
class Made:
    """The secret is not in its repr, so that no log or error page has it."""

    key: ApiKey
    secret: str = field(repr=False)


class KeyRefused(Exception):
    """It cannot be done, and nothing was changed. `about` is the member of Wanted, or empty; the text is for people."""

    def __init__(self, detail: str, about: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.about = about


def new_secret(tenant: Tenant) -> str:
    """256 random bits. The prefix lets scanners of code find it, and the code says whose it is."""
    return f"fan_{tenant.code}_{secrets.token_urlsafe(32)}"


def create(tenant: Tenant, maker: User, actor: Actor, wanted: Wanted, *, now: datetime) -> Made:
    """Raises KeyRefused."""
    role = _role_of(tenant, maker)
    _check(wanted, role)
    _free_names(tenant, now)
    try:
        with transaction.atomic():
            made = _insert(tenant, maker, wanted, now)
    except IntegrityError as error:
        # A form that was sent twice ends here too.
        detail = _("There is a key with this name. If it was made a moment ago and you did not see it, replace that one.")
        raise KeyRefused(detail, "name") from error
    record(actor, "key.created", now=now, tenant=tenant, about=made.key, after=_facts(made.key))
    return made


def rotate(key: ApiKey, maker: User, actor: Actor, *, goes_on: timedelta = GOES_ON, lasts: timedelta = USUAL, now: datetime) -> Made:
    """A new key of the same name, family and scopes; the one before works for `goes_on` more, and never longer than it would have.

    Of two who replace it at once one gets the new key, the other KeyRefused.
    """
    tenant, wanted = key.tenant, Wanted(key.name, key.scopes, lasts)
    if key.created_by_id is None:
        raise KeyRefused(_("The platform made this key, and replaces it."))
    if not timedelta(0) <= goes_on <= GOES_ON_AT_MOST:
        raise KeyRefused(_("The old key can go on for %(days)d days at most.") % {"days": GOES_ON_AT_MOST.days})
    _check(wanted, _role_of(tenant, maker))
    _free_names(tenant, now)
    if ApiKey.objects.older().filter(tenant=tenant, family=key.family).exists():
        raise KeyRefused(_("Two keys of this name work already. Revoke the older one, then replace this one."))
    new_id = uuid.uuid4()
    taken = ApiKey.objects.newest().filter(tenant=tenant, pk=key.pk).update(replaced_by=new_id)
    if not taken:
        raise KeyRefused(_("This key was replaced or revoked a moment ago."))
    ApiKey.objects.filter(tenant=tenant, pk=key.pk).ends_later_than(now + goes_on).update(expires_at=now + goes_on)
    made = _insert(tenant, maker, wanted, now, id=new_id, family=key.family)
    key.refresh_from_db(fields=["expires_at", "replaced_by"])
    before = {"key": str(key.pk), "works_until": _time(key.expires_at)}
    record(actor, "key.replaced", now=now, tenant=tenant, about=made.key, before=before, after=_facts(made.key))
    return made


def revoke(key: ApiKey, actor: Actor, *, now: datetime) -> bool:
    """At once and for good. False: it was revoked already."""
    tenant = key.tenant
    if not ApiKey.objects.not_revoked().filter(tenant=tenant, pk=key.pk).update(revoked_at=now):
        return False
    record(actor, "key.revoked", now=now, tenant=tenant, about=key, before=_facts(key))
    return True


def revoke_of_member(tenant: Tenant, user: User, actor: Actor, now: datetime) -> list[str]:
    """All that the person made there; their names. For whoever ends a membership, in the same transaction."""
    theirs = ApiKey.objects.not_revoked().filter(tenant=tenant, created_by=user).select_related("tenant")
    return [key.name for key in theirs if revoke(key, actor, now=now)]


def _role_of(tenant: Tenant, maker: User) -> str:
    """Held until the end of the transaction: a membership that ends meanwhile takes the new key with it."""
    role = Membership.objects.select_for_update().filter(tenant=tenant, user=maker).values_list("role", flat=True).first()
    if role is None or not may(role, "keys.manage"):
        raise KeyRefused(_("Only owners and admins make API keys."))
    return role


def _check(wanted: Wanted, role: str) -> None:
    if not wanted.name or not is_storable(wanted.name) or len(wanted.name) > ApiKey.NAME_LENGTH:
        raise KeyRefused(_("A name has 1 to %(most)d characters.") % {"most": ApiKey.NAME_LENGTH}, "name")
    if not wanted.scopes:
        raise KeyRefused(_("Choose what the key may do."), "scopes")
    if beyond := sorted(set(wanted.scopes) - of_role(role)):
        raise KeyRefused(_("Your role cannot give %(scopes)s.") % {"scopes": ", ".join(beyond)}, "scopes")
    if not SHORTEST <= wanted.lasts <= LONGEST:
        told = {"low": SHORTEST.days, "high": LONGEST.days}
        raise KeyRefused(_("A key lasts %(low)d to %(high)d days.") % told, "lasts")


def _free_names(tenant: Tenant, now: datetime) -> None:
    """A key that has expired holds neither its name nor its place in the family any more."""
    ApiKey.objects.not_revoked().filter(tenant=tenant, expires_at__lte=now).update(revoked_at=F("expires_at"))


def _insert(tenant: Tenant, maker: User, wanted: Wanted, now: datetime, **family: uuid.UUID) -> Made:
    secret = new_secret(tenant)
    key = ApiKey.objects.create(
        tenant=tenant,
        name=wanted.name,
        created_by=maker,
        scopes=sorted(wanted.scopes),
        sha256=secret_hash(secret),
        hint=secret[-4:],
        expires_at=now + wanted.lasts,
        **family,
    )
    ApiKeyIndex.objects.create(sha256=key.sha256, tenant=tenant, key=key)
    return Made(key, secret)


def _facts(key: ApiKey) -> dict[str, Any]:
    return {"name": key.name, "scopes": list(key.scopes), "expires_at": _time(key.expires_at)}


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
