"""A browser in which a person has signed in before is told by a signed cookie. It opens nothing: its tries are counted by themselves, so
that strangers who guess at an account do not use up its owner's tries."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "__Host-browser" if settings.IS_HTTPS else "browser"
SALT = "a browser that somebody signed in with"
LIFE = timedelta(days=365)


def remember(request: HttpRequest, response: HttpResponse, email: str) -> None:
    if known_to(request, email):
        return
    value = signing.dumps([_mark(email), secrets.token_urlsafe(16)], salt=SALT)
    response.set_cookie(COOKIE, value, max_age=LIFE, secure=settings.IS_HTTPS, httponly=True, samesite="Lax")


def known_to(request: HttpRequest, email: str) -> str:
    """The browser's own id; empty for one in which this account has not signed in."""
    try:
        mark, browser = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError, TypeError):
        return ""
    return str(browser) if mark == _mark(email) else ""


def _mark(email: str) -> str:
    """The cookie lies on computers that others use too."""
    return salted_hmac(SALT, email.lower(), algorithm="sha256").hexdigest()[:32]
