"""Headers and ids that every answer carries, errors included, and the line in the log for each request."""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.conf import settings
from django.contrib.admindocs.utils import replace_metacharacters, replace_named_groups
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from portal import page_times
from reports import tallies
from tenants import log_context, tracing

GetResponse = Callable[[HttpRequest], HttpResponse]
logger = logging.getLogger(__name__)
# Asked every few seconds, or many times a page: these lines would bury the others.
QUIET = ("/healthz", "/readyz", "/metrics", settings.STATIC_URL)


class RequestIdMiddleware:
    """An id of our own for each request: a client's would let it forge lines in the log."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = request_id = str(uuid.uuid4())  # type: ignore[attr-defined]
        with log_context.about(request_id=request_id), _traced(request, request_id) as span:
            began = time.monotonic()
            response = self.get_response(request)
            seconds = time.monotonic() - began
            _write_line(request, response, seconds)
            span.answer(_method(request), _route(request), response.status_code)
            if tenant := log_context.current().get("tenant"):
                span.note(tenant=tenant)
            page_times.note(request, response, seconds)
            # Whatever was counted is committed by now.
            tallies.flush_if_due()
        response["X-Request-Id"] = request_id
        return response


def _traced(request: HttpRequest, request_id: str) -> AbstractContextManager[tracing.Span]:
    """Of the caller's trace, where there is one. What monitoring asks all day, and files, is in none."""
    if request.path.startswith(QUIET):
        return nullcontext(tracing.NOTHING)
    facts = {"fanfold.request_id": request_id}
    return tracing.span(_method(request), facts, parent=request.headers.get("traceparent", ""), kind=tracing.SERVER)


def _method(request: HttpRequest) -> str:
    """Words of a client's own invention would be a name each."""
    return request.method if request.method in page_times.METHODS else "HTTP"


def _route(request: HttpRequest) -> str:
    """The pattern, as an address: paths hold tokens, and names of companies."""
    if request.resolver_match is None:
        return ""
    route = replace_named_groups(request.resolver_match.route)
    return f"/{replace_metacharacters(route).lstrip('/')}"


def _write_line(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    """Without the query, which is what people typed. Tokens in paths are hidden by portal/logs.py."""
    status = response.status_code
    quiet = status < 400 and request.path.startswith(QUIET)
    level = logging.WARNING if status >= 500 else logging.DEBUG if quiet else logging.INFO
    facts = {"status": status, "milliseconds": round(seconds * 1000)}
    logger.log(level, "%s %s %s", request.method, request.path, status, extra=facts)
    # Else Django writes of each 4xx once more, when the ids are gone.
    response._has_been_logged = True  # type: ignore[attr-defined]


class OnlyWhereAskedMiddleware(LoginRequiredMiddleware):
    """Django's asks who somebody is even where everybody is let in, which costs two statements and needs a database."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., HttpResponseBase], view_args: tuple[Any, ...], view_kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)


class ResourcePolicyMiddleware:
    """Cross-Origin-Resource-Policy, which Django does not set; and no caching of anything but static files."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.setdefault("Cache-Control", "no-store")
        return response
