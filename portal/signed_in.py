"""Where a person is signed in, and the end of it."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.auth import login
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from portal import reauthentication, sign_in_audit
from tenants.models import User
from tenants.scope import as_login

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def begin_session(request: HttpRequest, person: User) -> None:
    """For somebody whose account was made with this very request, by a password of their own choice: there is nothing to ask yet."""
    login(request, person, backend=BACKEND)
    reauthentication.note_password(request)
    UserSession.objects.create_from_request(request)
    sign_in_audit.by(request, person, sign_in_audit.SIGNED_IN)


def end_session(person: User, number: int) -> int:
    """One of the person's own, by its number in the list: 1, or 0 if there is none."""
    row = UserSession.objects.filter(user_id=person.pk, pk=number).first()
    if row is None:
        return 0
    Session.objects.filter(session_key=row.session_key).delete()
    return 1


def listed(person: User) -> list[UserSession]:
    """The one used last comes first."""
    return sorted(UserSession.objects.purge_and_list(person), key=lambda row: row.last_seen_at, reverse=True)


def count(person: User) -> int:
    return UserSession.objects.filter(user_id=person.pk).count()


def end_sessions(user: User, *, except_key: str | None = None) -> int:
    """Signs the person out everywhere but in the session with this key; returns how many ended. In the transaction of any scope."""
    with transaction.atomic(), as_login():
        theirs = UserSession.objects.filter(user_id=user.pk).exclude(session_key=except_key or "")
        keys = list(theirs.values_list("session_key", flat=True))
        # Their rows in the list go with them, by a trigger.
        Session.objects.filter(session_key__in=keys).delete()
    return len(keys)
