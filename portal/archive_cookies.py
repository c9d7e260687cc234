"""What a browser is given that opened a mailed archive: good for one company and one address, as its row says, and for half an hour."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from reports import archive
from tenants.models import Tenant


def session_of(request: HttpRequest, tenant: Tenant) -> str:
    """Empty: none."""
    return request.COOKIES.get(_name(tenant), "")


def give(response: HttpResponse, tenant: Tenant, session: str) -> None:
    """Sent by our own pages alone, never when another site leads here."""
    secure = settings.SESSION_COOKIE_SECURE
    response.set_cookie(_name(tenant), session, max_age=archive.LIFE, path="/", secure=secure, httponly=True, samesite="Strict")


def take(response: HttpResponse, tenant: Tenant) -> None:
    response.set_cookie(_name(tenant), "", max_age=0, path="/", secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Strict")


def _name(tenant: Tenant) -> str:
    """By company, so that somebody of two may read both. The prefix binds it to this very host, and is accepted over HTTPS only."""
    return f"{'__Host-' if settings.SESSION_COOKIE_SECURE else ''}archive-{tenant.code}"
