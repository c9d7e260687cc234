"""Who is behind a request, as the audit trail and the record of downloads name them."""

from __future__ import annotations

from typing import TypedDict

from django.http import HttpRequest
from django.utils.translation import gettext_noop

from portal.requests import MemberRequest
from tenants.audit import Actor, client_ip
from tenants.models import User
from tenants.models.members import Role

# Stored; the audit log tells them in the reader's language.
STRANGER, READER = gettext_noop("somebody who is not signed in"), gettext_noop("the reader of an email")


class Seen(TypedDict):
    ip: str | None
    user_agent: str
    request_id: str


def member(request: MemberRequest) -> Actor:
    """Whoever works inside a company: one of its members, or staff on a visit, who then are nobody's member and stand behind the name."""
    visit = getattr(request, "visit", None)
    if visit is not None:
        role = Role(visit.role).value
        return Actor(f"{visit.tenant.name}, {role} ({visit.ticket})", impersonator=request.user.email, **_seen(request))
    return of(request, request.user)


def of(request: HttpRequest, person: User) -> Actor:
    """Somebody who is about to be signed in with this very request, or acts on an account of their own."""
    return Actor(person.email, user_id=person.pk, **_seen(request))


def visitor(request: HttpRequest, reference: str) -> Actor:
    """Somebody without an account, who came by the link with this reference."""
    return Actor(reference, is_end_customer=True, **_seen(request))


def reader(request: HttpRequest) -> Actor:
    """Somebody who came by the link at the end of an email."""
    return Actor(READER, is_end_customer=True, **_seen(request))


def stranger(request: HttpRequest) -> Actor:
    """Somebody who would sign in: where from is what the trail is read for."""
    return Actor(STRANGER, **_seen(request))


def _seen(request: HttpRequest) -> Seen:
    return {
        "ip": client_ip(request),
        "user_agent": request.headers.get("User-Agent", ""),
        "request_id": getattr(request, "request_id", ""),
    }
