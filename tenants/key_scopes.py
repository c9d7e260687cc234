"""What an API key may be allowed, and who can allow it: one table from scope to the roles that hold it.

A key does what it was given as far as its maker may still do that. What the platform made has no such bound: no member vouches for it.
"""

from __future__ import annotations

from collections.abc import Collection

from tenants.access import EVERYONE, MANAGERS, OWNERS
from tenants.models import ApiKey
from tenants.models.members import Role

ROLES: dict[str, frozenset[Role]] = {
    "jobs:read": EVERYONE,
    "jobs:write": MANAGERS,
    "reports:read": EVERYONE,
    "schedules:read": EVERYONE,
    "schedules:write": MANAGERS,
    "audiences:read": EVERYONE,
    "audiences:write": MANAGERS,
    "links:read": EVERYONE,
    "links:write": MANAGERS,
    "destinations:read": MANAGERS,
    "destinations:write": MANAGERS,
    "webhooks:read": MANAGERS,
    "webhooks:write": MANAGERS,
    "usage:read": MANAGERS,
    # Shows the values that decide about rows, and who got what.
    "proof:read": OWNERS,
}


def of_role(role: str | None) -> frozenset[str]:
    """None: of nobody in the company, who may nothing."""
    return frozenset(scope for scope, roles in ROLES.items() if role in roles)


def of_key(key: ApiKey, maker_role: str | None) -> frozenset[str]:
    """`maker_role`: what its maker is in the company now."""
    given = with_reading(key.scopes)
    return given if key.created_by_id is None else given & of_role(maker_role)


def with_reading(scopes: Collection[str]) -> frozenset[str]:
    """Writing includes reading."""
    return frozenset(scopes) | {scope.replace(":write", ":read") for scope in scopes}
