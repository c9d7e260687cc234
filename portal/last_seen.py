"""When a session was last used, and from where: what its end is counted from, and what the list of sessions tells."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from portal.accounts import NO_ADDRESS
from portal.live import SEEN
from portal.sessions import BEGAN, UNUSED, SessionStore, end_of
from tenants.audit import client_ip
from tenants.models import User

# A write for each request would be most of what the database does.
EVERY = timedelta(minutes=1)
AGENT_LENGTH = 200


class LastSeenMiddleware:
    """Below authentication. A part of a page that asks for news by itself is no use of the session: nobody may be there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # An API puts its caller there, or nobody: a key is no use of a session that the same browser may have.
        if request.session.accessed and isinstance(request.user, User) and SEEN not in request.GET:
            note(request, timezone.now())
        return response


def note(request: HttpRequest, now: datetime) -> None:
    session: SessionStore = request.session  # type: ignore[assignment]
    if session.ends_at is None or session.ends_at > now + UNUSED - EVERY or BEGAN not in session:
        return
    ends_at = end_of(dict(session.items()), now)
    if ends_at != session.ends_at:
        # Not one that has ended meanwhile: this makes no row.
        Session.objects.filter(session_key=session.session_key).update(expire_date=ends_at)
    seen = {"last_seen_at": now, "ip": client_ip(request) or NO_ADDRESS, "user_agent": request.headers.get("User-Agent", "")[:AGENT_LENGTH]}
    UserSession.objects.filter(session_key=session.session_key, last_seen_at__lt=now - EVERY).update(**seen)
