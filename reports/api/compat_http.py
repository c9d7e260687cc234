"""How the older API speaks HTTP: always JSON, whatever a client says it sends or accepts, and errors as its clients know them."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterable
from typing import IO, Any

from django.core.exceptions import SuspiciousOperation
from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import APIException, AuthenticationFailed, NotAuthenticated
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from reports.refused import Refused
from tenants.secrets import is_storable

logger = logging.getLogger(__name__)
MAX_BODY = 1024 * 1024
# A submit nests five levels deep.
MAX_DEPTH = 20
MAX_NUMBER_LENGTH = 30


class CompatError(Exception):
    """An answer of the older API in its own words."""

    def __init__(self, status: int, **body: str) -> None:
        super().__init__(body)
        self.status, self.body = status, body


class MalformedBody(APIException):
    status_code, default_code = 400, "malformed_body"


class BodyTooLarge(APIException):
    status_code, default_code = 413, "body_too_large"
    default_detail = f"The body is larger than {MAX_BODY} bytes."


class AlwaysJson(BaseContentNegotiation):
    """The API this one stands in for never looked at either header."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class JsonBody(BaseParser):
    """Refuses what JSON readers disagree about and what PostgreSQL cannot hold; raises MalformedBody or BodyTooLarge."""

    media_type = "*/*"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(MAX_BODY + 1)
        if len(raw) > MAX_BODY:
            raise BodyTooLarge
        try:
            body = json.loads(raw.decode("utf-8-sig"), parse_int=_integer, parse_float=_decimal, parse_constant=_not_a_number)
        except RecursionError:
            raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.") from None
        except ValueError as error:
            raise MalformedBody(f"The body is not valid JSON: {error}.") from None
        _check(body)
        return body


def to_response(error: Exception, context: Any) -> Response:
    """DRF's exception handler for the older API. Handlers have left their transaction by now, so there is nothing to roll back."""
    status, body = _meaning(error)
    if status >= 500:
        logger.error("the older API could not answer", exc_info=error)
    return Response(body, status=status, headers={"Retry-After": "5"} if status == 503 else None)


def _meaning(error: Exception) -> tuple[int, dict[str, str]]:
    match error:
        case CompatError():
            return error.status, error.body
        case Refused():
            return 400, {"error": error.detail, "code": error.code}
        case NotAuthenticated() | AuthenticationFailed():
            return 403, {"message": "Forbidden"}
        case APIException():
            return error.status_code, {"error": str(error.detail), "code": error.default_code}
        case SuspiciousOperation():
            return 400, {"error": "The request is not well-formed.", "code": "malformed_request"}
        case OperationalError() | InterfaceError():
            return 503, {"message": "Service Unavailable"}
    return 500, {"message": "Internal server error"}


def _integer(text: str) -> int:
    # Reading a number takes the square of its length.
    if len(text) > MAX_NUMBER_LENGTH:
        raise ValueError(f"a number has more than {MAX_NUMBER_LENGTH} characters")
    return int(text)


def _decimal(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _not_a_number(text: str) -> float:
    raise ValueError(f"{text} is not a number")


def _check(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise MalformedBody(f"The body is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        if not is_storable(value):
            raise MalformedBody("The body contains a NUL character or half of a surrogate pair, which cannot be stored.")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check(name, depth)
            _check(member, depth + 1)
    elif isinstance(value, list):
        for member in value:
            _check(member, depth + 1)
