"""Errors that Django's own handlers do not tell apart. They draw without a database, because it may be what is missing."""

from __future__ import annotations

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.utils import translation

from portal.language import error_language
from reports.api.v1.problems import plain_response

TRY_AGAIN_SECONDS = 30
FULL = (errno.ENOSPC, errno.EDQUOT)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Without the request in the template: its form may be what could not be read, and would be read again for a token."""
    if _is_api(request):
        return plain_response("malformed_request", "The request is not well-formed.", request)
    return HttpResponse(get_template("400.html").render(), status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """503 when the database did not answer or a disk is full, else 500 with the id under which the log has the rest."""
    error = sys.exc_info()[1]
    is_away = isinstance(error, OperationalError | InterfaceError) or (isinstance(error, OSError) and error.errno in FULL)
    if _is_api(request):
        return plain_response("unavailable" if is_away else "internal_error", "The portal could not answer.", request)
    # What failed may have been the look for the reader's language.
    with translation.override(error_language(request)):
        if is_away:
            page = get_template("503.html").render()
            return HttpResponse(page, status=503, headers={"Retry-After": TRY_AGAIN_SECONDS, "Refresh": TRY_AGAIN_SECONDS})
        page = get_template("500.html").render({"request_id": getattr(request, "request_id", "")})
        return HttpResponse(page, status=500)


def _is_api(request: HttpRequest) -> bool:
    """Programs read problems; the older API's answer for themselves."""
    return request.path.startswith("/api/")
