"""Errors that Django's own handlers do not tell apart. They draw without a database, because it may be what is missing."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template

TRY_AGAIN_SECONDS = 30


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Without the request in the template: its form may be what could not be read, and would be read again for a token."""
    return HttpResponse(get_template("400.html").render(), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 when the database did not answer, else 500 with the id under which the log has the rest."""
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        page = get_template("503.html").render()
        return HttpResponse(page, status=503, headers={"Retry-After": TRY_AGAIN_SECONDS, "Refresh": TRY_AGAIN_SECONDS})
    page = get_template("500.html").render({"request_id": getattr(request, "request_id", "")})
    return HttpResponse(page, status=500)
