"""Who may do what: one table from action to roles, denied unless it is in it."""

from __future__ import annotations

from tenants.models.members import Role

EVERYONE = frozenset({Role.OWNER, Role.ADMIN, Role.VIEWER})
MANAGERS = frozenset({Role.OWNER, Role.ADMIN})

ACTIONS: dict[str, frozenset[Role]] = {
    "home.view": EVERYONE,
    "reports.view": EVERYONE,
    "reports.run": MANAGERS,
    "jobs.view": EVERYONE,
    "jobs.cancel": MANAGERS,
    "jobs.retry": MANAGERS,
    "files.download": EVERYONE,
    "links.view": EVERYONE,
    "links.create": MANAGERS,
    "links.revoke": MANAGERS,
}


def may(role: str, action: str) -> bool:
    """Raises KeyError for an action that has no rule, so that a forgotten one fails in the first test."""
    return role in ACTIONS[action]
