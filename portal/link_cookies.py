"""What a visitor's browser is told to remember about one link: signed, so that it cannot be made up or lent to another link."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from reports import links
from reports.models import Link, Protection, SnapshotFile

SALT = "portal.views.download"


def had(request: HttpRequest, file: SnapshotFile) -> bool:
    """Whether this browser got this file by this link a moment ago."""
    return _remembers(request, f"had-{file.pk.hex}", links.REPEAT_WITHIN)


def note_had(response: HttpResponseBase, request: HttpRequest, file: SnapshotFile) -> None:
    _remember(response, request, f"had-{file.pk.hex}", links.REPEAT_WITHIN)


def is_unlocked(request: HttpRequest, link: Link) -> bool:
    """Whether the link asks for nothing, or this browser answered rightly a while ago."""
    return link.protection == Protection.NOTHING or _remembers(request, f"open-{link.pk.hex}", links.UNLOCKED_FOR)


def unlock(response: HttpResponseBase, request: HttpRequest, link: Link) -> None:
    _remember(response, request, f"open-{link.pk.hex}", links.UNLOCKED_FOR)


def _remembers(request: HttpRequest, name: str, age: timedelta) -> bool:
    return request.get_signed_cookie(name, default=None, salt=SALT + request.path, max_age=age) is not None


def _remember(response: HttpResponseBase, request: HttpRequest, name: str, age: timedelta) -> None:
    response.set_signed_cookie(
        name,
        "1",
        salt=SALT + request.path,
        max_age=age,
        path=request.path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
