"""What the page of API keys shows of each one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F

from portal.key_words import in_words
from tenants import key_scopes
from tenants.models import ApiKey, Tenant

# Time enough to replace it by hand.
ENDS_SOON = timedelta(days=14)
MOST_ENDED = 200


@dataclass(frozen=True)
class KeyRow:
    key: ApiKey
    # As far as its maker may still do it.
    may: list[str]
    maker: str
    is_limited: bool
    days_left: int | None
    ends_soon: bool

    @property
    def is_replaced(self) -> bool:
        return self.key.replaced_by_id is not None

    @property
    def can_be_replaced(self) -> bool:
        return self.key.created_by_id is not None and not self.is_replaced

    @property
    def has_expired(self) -> bool:
        return self.key.expires_at is not None and self.key.expires_at <= (self.key.revoked_at or self.key.expires_at)

    @property
    def ended_at(self) -> datetime | None:
        return self.key.expires_at if self.has_expired else self.key.revoked_at


def live_rows(tenant: Tenant, now: datetime) -> list[KeyRow]:
    """By name, the newer of two before the older."""
    found = ApiKey.objects.usable(now).filter(tenant=tenant).order_by("name", F("replaced_by").asc(nulls_first=True))
    return [_row(key, now) for key in found.with_maker_role().select_related("tenant")]


def ended_rows(tenant: Tenant, now: datetime) -> list[KeyRow]:
    """The last that were made first."""
    found = ApiKey.objects.ended(now).filter(tenant=tenant).order_by("-created_at", "pk")
    return [_row(key, now) for key in found.with_maker_role().select_related("tenant")[:MOST_ENDED]]


def _row(key: ApiKey, now: datetime) -> KeyRow:
    may = key_scopes.of_key(key, key.maker_role)
    days = None if key.expires_at is None else (key.expires_at - now).days
    is_limited = key_scopes.with_reading(key.scopes) != may
    return KeyRow(key, in_words(may), key.made_by or "", is_limited, days, days is not None and days < ENDS_SOON.days)
