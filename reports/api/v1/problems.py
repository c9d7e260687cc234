"""What goes wrong, as RFC 9457 has it: one table of codes, and what each exception is in it. Clients branch on `code`; texts may change."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from reports.api.tenant_view import RateLimited

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TRY_AGAIN_SECONDS = 5


@dataclass(frozen=True)
class Kind:
    status: HTTPStatus
    title: str


KINDS = {
    "malformed_body": Kind(HTTPStatus.BAD_REQUEST, "The body cannot be read"),
    "malformed_request": Kind(HTTPStatus.BAD_REQUEST, "The request cannot be read"),
    "invalid_request": Kind(HTTPStatus.BAD_REQUEST, "The request does not fit the API's document"),
    "not_authenticated": Kind(HTTPStatus.UNAUTHORIZED, "No key was sent"),
    "invalid_key": Kind(HTTPStatus.UNAUTHORIZED, "The key is not known"),
    "key_expired": Kind(HTTPStatus.UNAUTHORIZED, "The key has expired"),
    "key_revoked": Kind(HTTPStatus.UNAUTHORIZED, "The key was revoked"),
    "missing_scope": Kind(HTTPStatus.FORBIDDEN, "The key may not do this"),
    "tenant_suspended": Kind(HTTPStatus.FORBIDDEN, "The company is suspended"),
    "not_found": Kind(HTTPStatus.NOT_FOUND, "There is nothing here"),
    "method_not_allowed": Kind(HTTPStatus.METHOD_NOT_ALLOWED, "The address has no such method"),
    "not_acceptable": Kind(HTTPStatus.NOT_ACCEPTABLE, "Answers are JSON"),
    "body_too_large": Kind(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The body is too large"),
    "unsupported_media_type": Kind(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Bodies are JSON"),
    "rate_limited": Kind(HTTPStatus.TOO_MANY_REQUESTS, "Too many requests"),
    "internal_error": Kind(HTTPStatus.INTERNAL_SERVER_ERROR, "The portal failed"),
    "unavailable": Kind(HTTPStatus.SERVICE_UNAVAILABLE, "The portal cannot answer just now"),
}


@dataclass(frozen=True)
class Place:
    """What is wrong with one parameter of the query, or one header."""

    code: str
    detail: str
    parameter: str


class InvalidRequest(exceptions.APIException):
    """It does not fit the document, whoever asks and whatever there is."""

    status_code, default_code = 400, "invalid_request"

    def __init__(self, detail: str, places: Sequence[Place]) -> None:
        super().__init__(detail)
        self.places = places


@dataclass(frozen=True)
class Problem:
    code: str
    detail: str
    places: Sequence[Place] = ()
    # Whole seconds; None: it says nothing about when.
    retry_after: int | None = None


def to_response(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler. Handlers have left their transaction by now, so there is nothing to roll back."""
    problem = _problem(error)
    if KINDS[problem.code].status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("the API could not answer", exc_info=error)
    request = context["request"]._request
    response = Response(body(problem, request), status=KINDS[problem.code].status, headers=_headers(problem))
    # Set here it also holds where no renderer could be agreed upon.
    response.content_type = MEDIA_TYPE
    return response


def plain_response(code: str, detail: str, request: HttpRequest) -> JsonResponse:
    """For what fails before a view of the API has the request."""
    problem = Problem(code, detail, retry_after=TRY_AGAIN_SECONDS if code == "unavailable" else None)
    return JsonResponse(body(problem, request), status=KINDS[code].status, headers=_headers(problem), content_type=MEDIA_TYPE)


def body(problem: Problem, request: HttpRequest) -> dict[str, Any]:
    kind = KINDS[problem.code]
    members = {
        "type": f"{settings.PORTAL_BASE_URL}/api/docs/errors/#{problem.code}",
        "title": kind.title,
        "status": int(kind.status),
        "code": problem.code,
        "detail": problem.detail,
        "request_id": getattr(request, "request_id", ""),
    }
    return members | ({"errors": [asdict(place) for place in problem.places]} if problem.places else {})


def _problem(error: Exception) -> Problem:
    match error:
        case exceptions.NotAuthenticated():
            return Problem("not_authenticated", "Send a key: Authorization: Bearer <key>.")
        case exceptions.AuthenticationFailed() if error.default_code not in KINDS:
            return Problem("invalid_key", "This key is not known.")
        case RateLimited():
            return Problem("rate_limited", str(error.detail), retry_after=error.wait)
        case exceptions.NotFound() | Http404():
            return Problem("not_found", "It does not exist, or it is not yours.")
        case InvalidRequest():
            return Problem("invalid_request", str(error.detail), error.places)
        case exceptions.ParseError():
            return Problem("malformed_body", str(error.detail))
        case exceptions.APIException() if error.default_code in KINDS:
            unavailable = error.status_code == HTTPStatus.SERVICE_UNAVAILABLE
            return Problem(error.default_code, str(error.detail), retry_after=TRY_AGAIN_SECONDS if unavailable else None)
        case PermissionDenied() | exceptions.PermissionDenied():
            return Problem("missing_scope", "This key may not do this.")
        case RequestDataTooBig():
            return Problem("body_too_large", f"The body is larger than {settings.DATA_UPLOAD_MAX_MEMORY_SIZE} bytes.")
        case SuspiciousOperation():
            return Problem("malformed_request", "The request is not well-formed.")
        case OperationalError() | InterfaceError():
            return Problem("unavailable", "The database does not answer just now. Try again.", retry_after=TRY_AGAIN_SECONDS)
    return Problem("internal_error", "Something went wrong on our side. Tell support the request_id.")


def _headers(problem: Problem) -> dict[str, str]:
    headers = {} if problem.retry_after is None else {"Retry-After": str(problem.retry_after)}
    if KINDS[problem.code].status == HTTPStatus.UNAUTHORIZED:
        # RFC 6750, section 3: without credentials no error is named.
        named = "" if problem.code == "not_authenticated" else ', error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="api"{named}'
    return headers
