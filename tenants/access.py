"""Who may do what: one table from action to roles, denied unless it is in it."""

from __future__ import annotations

from tenants.models import User
from tenants.models.members import Role

EVERYONE = frozenset({Role.OWNER, Role.ADMIN, Role.VIEWER})
OWNERS = frozenset({Role.OWNER})
MANAGERS = frozenset({Role.OWNER, Role.ADMIN})

ACTIONS: dict[str, frozenset[Role]] = {
    "home.view": EVERYONE,
    # What it finds is of the kinds that the person may see.
    "search.view": EVERYONE,
    "reports.view": EVERYONE,
    "reports.run": MANAGERS,
    "jobs.view": EVERYONE,
    "jobs.cancel": MANAGERS,
    "jobs.clear": MANAGERS,
    "jobs.retry": MANAGERS,
    "jobs.correct": MANAGERS,
    "jobs.release": MANAGERS,
    "files.download": EVERYONE,
    "schedules.view": EVERYONE,
    "schedules.manage": MANAGERS,
    "recipients.view": EVERYONE,
    "recipients.manage": MANAGERS,
    "recipients.erase": OWNERS,
    "links.view": EVERYONE,
    "links.create": MANAGERS,
    "links.revoke": MANAGERS,
    "keys.view": MANAGERS,
    "keys.manage": MANAGERS,
    "destinations.view": MANAGERS,
    "destinations.manage": MANAGERS,
    "webhooks.view": MANAGERS,
    "webhooks.manage": MANAGERS,
    "branding.view": MANAGERS,
    "branding.manage": MANAGERS,
    "usage.view": MANAGERS,
    "members.view": EVERYONE,
    "members.leave": EVERYONE,
    "members.manage": OWNERS,
    "members.weekly_mail": OWNERS,
    "support.manage": OWNERS,
    "proof.view": MANAGERS,
    "audit.view": MANAGERS,
}

# Of those, what staff on a visit may see; and what they may do besides, where the visit was raised: only what gives nobody anything. A
# schedule, a recipient or a link of their own making would hand them the company's rows, and a correction speaks to its customers in its
# name. A new action is in neither.
VISIT_SEES = frozenset(
    {
        "home.view",
        "search.view",
        "reports.view",
        "jobs.view",
        "schedules.view",
        "recipients.view",
        "links.view",
        "members.view",
        "usage.view",
        "audit.view",
    }
)
VISIT_ACTS = frozenset({"reports.run", "jobs.cancel", "jobs.clear", "jobs.retry", "links.revoke"})

# What platform staff may do, all of them alike. None of it is inside a tenant.
STAFF_ACTIONS = frozenset(
    {
        "catalogue.view",
        "catalogue.import",
        "capacity.view",
        "queue.view",
        "queue.manage",
        "retention.manage",
        "status.manage",
        "audit.view_all",
        "tags.view",
        "tags.change",
        "templates.view",
        "templates.manage",
        "tenants.view",
        "tenants.manage",
        "tenants.create",
        "usage.view_all",
        "visits.begin",
    }
)


def may(role: str, action: str) -> bool:
    """Raises KeyError for an action that has no rule, so that a forgotten one fails in the first test."""
    return role in ACTIONS[action]


def staff_may(user: User, action: str) -> bool:
    """Raises KeyError as `may` does."""
    if action not in STAFF_ACTIONS:
        raise KeyError(action)
    return user.is_active and user.is_staff
