"""Where a person is signed in, and the end of it."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction

from tenants.models import User
from tenants.scope import as_login


def end_sessions(user: User, *, except_key: str | None = None) -> int:
    """Signs the person out everywhere but in the session with this key; returns how many ended. In the transaction of any scope."""
    with transaction.atomic(), as_login():
        theirs = UserSession.objects.filter(user_id=user.pk).exclude(session_key=except_key or "")
        keys = list(theirs.values_list("session_key", flat=True))
        Session.objects.filter(session_key__in=keys).delete()
        theirs.filter(session_key__in=keys).delete()
    return len(keys)
