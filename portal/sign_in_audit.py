"""What signing in and out leaves in the audit trail: a row of no tenant, and one in each company of a person who is known.

What was typed as an address is never kept: it may be a password in the wrong field.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal import actors
from tenants.audit import Actor, record
from tenants.models import Membership, User
from tenants.scope import tenant_scope, user_scope

SIGNED_IN = "sign_in.succeeded"
REFUSED = "sign_in.refused"
CODE_REFUSED = "sign_in.code_refused"
PAUSED = "sign_in.paused"
ADDED = "second_step.added"
REMOVED = "second_step.removed"
CODES_MADE = "second_step.codes_made"
CODE_USED = "second_step.recovery_code_used"
CHANGED = "password.changed"
RESET_ASKED = "password.reset_asked"
RESET = "password.reset"
ENDED = "session.ended"
SOMEBODY = actors.STRANGER


def by(request: HttpRequest, person: User, action: str, **after: Any) -> None:
    """The person did it."""
    _write(actors.of(request, person), action, person, after)


def to(request: HttpRequest, person: User | None, action: str, **after: Any) -> None:
    """Somebody did it who may or may not be the person. None: to nobody's account."""
    _write(actors.stranger(request), action, person, after)


def paused(request: HttpRequest, limit: str, person: User | None) -> None:
    """Once for each pause, so that nobody fills the trail by guessing on."""
    to(request, person, PAUSED, limit=limit)


def _write(actor: Actor, action: str, person: User | None, after: dict[str, Any]) -> None:
    now = timezone.now()
    told = after | ({"email": person.email} if person else {})
    with transaction.atomic():
        record(actor, action, now=now, tenant=None, about=person, after=told or None)
        for membership in _memberships(person) if person else []:
            with tenant_scope(membership.tenant_id):
                record(actor, action, now=now, tenant=membership.tenant, about=person, after=told or None)


def _memberships(person: User) -> list[Membership]:
    with user_scope(person):
        return list(Membership.objects.filter(user=person).select_related("tenant"))
