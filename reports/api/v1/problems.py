"""What goes wrong, as RFC 9457 has it: what each exception is in the table of codes. Clients branch on `code`; texts may change."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
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
from reports.api.v1.codes import KINDS, code_of
from reports.refused import Refused

logger = logging.getLogger(__name__)
MEDIA_TYPE = "application/problem+json"
TRY_AGAIN_SECONDS = 5
# A batch of a thousand bad lines is told of by its first.
MOST_PLACES = 100


@dataclass(frozen=True)
class Place:
    """What is wrong with one member of the body, by its pointer (RFC 6901); or with one parameter of the query, or one header."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None

    def members(self) -> dict[str, str]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def pointer(path: Iterable[str]) -> str:
    """RFC 6901. Empty: the whole body."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in path)


class InvalidRequest(exceptions.APIException):
    """It does not fit the document, whoever asks and whatever there is."""

    status_code, default_code = 400, "invalid_request"

    def __init__(self, detail: str, places: Sequence[Place]) -> None:
        super().__init__(detail)
        self.places = places


class Told(exceptions.APIException):
    """One with a code of its own."""

    # Whole seconds; None: it says nothing about when.
    retry_after: int | None = None
    # Of the row as it is now; empty: it is about none.
    etag = ""


class InProgress(Told):
    default_code, retry_after = "idempotency_in_progress", 1
    default_detail = "The first request with this Idempotency-Key is still under way. Send it again in a second."


class BadIdempotencyKey(Told):
    default_code = "invalid_idempotency_key"
    default_detail = "An Idempotency-Key has 1 to 255 visible ASCII characters."


class IdempotencyKeyRequired(Told):
    default_code = "idempotency_key_required"
    default_detail = "This request needs an Idempotency-Key, so that sending it twice does not do it twice."


class Stale(Told):
    default_code = "stale_version"
    default_detail = "It was changed since you read it. Read it again, and change that."

    def __init__(self, etag: str) -> None:
        super().__init__()
        self.etag = etag


@dataclass(frozen=True)
class Problem:
    code: str
    detail: str
    places: Sequence[Place] = ()
    # Whole seconds; None: it says nothing about when.
    retry_after: int | None = None
    etag: str = ""


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
    return members | ({"errors": [place.members() for place in problem.places[:MOST_PLACES]]} if problem.places else {})


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
        case Refused():
            places = [Place(place.code, place.detail, pointer=pointer(place.path)) for place in error.places]
            return Problem(code_of(error.code), error.detail, places)
        case Told():
            return Problem(error.default_code, str(error.detail), (), error.retry_after, error.etag)
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
    if problem.etag:
        headers["ETag"] = problem.etag
    if KINDS[problem.code].status == HTTPStatus.UNAUTHORIZED:
        # RFC 6750, section 3: without credentials no error is named.
        named = "" if problem.code == "not_authenticated" else ', error="invalid_token"'
        headers["WWW-Authenticate"] = f'Bearer realm="api"{named}'
    return headers
