"""How the older API speaks HTTP: always JSON, whatever a client says it sends or accepts, and errors as its clients know them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.tenant_view import RateLimited, Unavailable
from reports.refused import Refused

logger = logging.getLogger(__name__)


class CompatError(Exception):
    """An answer of the older API in its own words."""

    def __init__(self, status: int, **body: str) -> None:
        super().__init__(body)
        self.status, self.body = status, body


class AlwaysJson(BaseContentNegotiation):
    """The API this one stands in for never looked at either header."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


def to_response(error: Exception, context: Any) -> Response:
    """DRF's exception handler for the older API. Handlers have left their transaction by now, so there is nothing to roll back."""
    status, body = _meaning(error)
    if status >= 500:
        logger.error("the older API could not answer", exc_info=error)
    return Response(body, status=status, headers=_when_to_come_back(error, status))


def _when_to_come_back(error: Exception, status: int) -> dict[str, str]:
    if isinstance(error, RateLimited):
        return {"Retry-After": str(error.wait)}
    return {"Retry-After": "5"} if status == 503 else {}


def _meaning(error: Exception) -> tuple[int, dict[str, str]]:
    match error:
        case CompatError():
            return error.status, error.body
        case Refused():
            return 400, {"error": error.detail, "code": error.code}
        case NotAuthenticated() | AuthenticationFailed():
            return 403, {"message": "Forbidden"}
        case RateLimited():
            return 429, {"message": "Too Many Requests"}
        case Unavailable():
            return 503, {"message": "Service Unavailable"}
        case APIException():
            return error.status_code, {"error": str(error.detail), "code": error.default_code}
        case SuspiciousOperation():
            return 400, {"error": "The request is not well-formed.", "code": "malformed_request"}
        case OperationalError() | InterfaceError():
            return 503, {"message": "Service Unavailable"}
    return 500, {"message": "Internal server error"}
