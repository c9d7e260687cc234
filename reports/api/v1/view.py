"""What every view of API v1 shares: a bearer's key, JSON alone, strict queries, problems instead of error pages, rates in the headers;
pages of lists, versions of single ones, and creating once.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, NoReturn, TypeVar

from django.conf import settings
from django.db.models import Model, QuerySet
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api import rates
from reports.api.tenant_view import TenantView
from reports.api.v1 import etags, idempotency, problems
from reports.api.v1.authentication import authenticator_classes, bearer
from reports.api.v1.body import Resource
from reports.api.v1.fields import UUID
from reports.api.v1.media import JsonAlone, ProblemJson, StrictJson
from reports.api.v1.paging import page
from reports.api.v1.query import Query, Wishes

M = TypeVar("M", bound=Model)


class V1View(TenantView):
    parser_classes = (StrictJson,)
    renderer_classes = (JSONRenderer, ProblemJson)
    content_negotiation_class = JsonAlone
    http_method_names: tuple[str, ...] = ("get", "head", "post", "patch", "delete")
    # Of GET; other methods take no query.
    query: ClassVar[Query] = Query()
    # How a POST takes an Idempotency-Key. Empty: not at all, because sending it twice does no more than sending it once.
    idempotency: ClassVar[str] = ""
    OPTIONAL, REQUIRED = "optional", "required"
    # Whether GET answers with an ETag, and PATCH and DELETE honour If-Match.
    versioned: ClassVar[bool] = False
    # What the domain may refuse, by method and code: the document's problems. Those of every operation are in the document anyway.
    refuses: ClassVar[dict[str, tuple[str, ...]]] = {}
    wishes: Wishes

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [authenticator() for authenticator in authenticator_classes()]

    def get_exception_handler(self) -> Any:
        return problems.to_response

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        """Nobody accepted what was sent, or nothing was."""
        raise AuthenticationFailed if bearer(request) else NotAuthenticated

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.wishes = self.query.read(request)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        for name, value in rates.headers(self.taken).items():
            final[name] = value
        return final

    def get_object(self, rows: QuerySet[M], text: str) -> M:
        """In the caller's scope. Raises NotFound: the same for what is missing, for another tenant's, and for a text that is no id."""
        found = rows.filter(pk=self.id_in(text)).first()
        if found is None:
            raise NotFound
        return found

    def id_in(self, text: str) -> uuid.UUID:
        """Raises NotFound."""
        if not UUID.fullmatch(text):
            raise NotFound
        return uuid.UUID(text)

    def get_page(
        self,
        rows: QuerySet[Any],
        draw: Callable[[QuerySet[Any]], Iterable[Any]] = QuerySet.all,
        dress: Callable[[list[Any]], None] = lambda rows: None,
        **context: Any,
    ) -> Response:
        """A page of `rows` after the filters of the query, as `query.fields`. In the caller's scope. Raises Refused for a foreign cursor.

        `draw` gets the rows in order and cut, to read what belongs to them; `dress` what was read, to set what is told of all together.
        """
        fields, by = self.query.fields, self.query.by
        assert fields is not None
        wishes, owner = self.wishes, self.caller.tenant.pk
        found = page(wishes.filter(rows), self.request, owner, by=by, newest_first=wishes.newest_first, limit=wishes.limit, draw=draw)
        dress(found.rows)
        results = fields.tell(found.rows, wishes.only, context)
        response = Response({"results": results, "next": found.next, "previous": found.previous})
        if links := found.links():
            response["Link"] = links
        return response

    def get_single(self, row: Any, **context: Any) -> Response:
        """As `query.fields`; 304 where the reader has this version."""
        fields = self.query.fields
        assert fields is not None
        tag = etags.etag(row) if self.versioned else ""
        if tag and etags.is_known(self.request, tag):
            return Response(status=304, headers={"ETag": tag})
        (told,) = fields.tell([row], self.wishes.only, context)
        return Response(told, headers={"ETag": tag} if tag else None)

    def with_etag(self, body: Any, tag: str) -> Response:
        """304 where the reader has it."""
        known = etags.is_known(self.request, tag)
        return Response(None if known else body, status=304 if known else 200, headers={"ETag": tag})

    def create(self, act: Callable[[], Response]) -> Response:
        """`act` in the caller's scope, which is its transaction; once for each Idempotency-Key."""
        key = idempotency.key_of(self.request, required=self.idempotency == self.REQUIRED)
        with self.caller.scope():
            return act() if key is None else idempotency.once(self.caller, self.request, key, act, timezone.now())

    def created(self, answer: Resource, row: Any, path: str) -> Response:
        return created(answer.data, path, etags.etag(row) if self.versioned else "")


def created(body: Any, path: str, tag: str = "") -> Response:
    """201. `path`: of the new one, below /api/v1/."""
    headers = {"Location": f"{settings.PORTAL_BASE_URL}/api/v1/{path}"}
    return Response(body, status=201, headers=headers | ({"ETag": tag} if tag else {}))


class Unknown(V1View):
    """Whatever address under /api/ there is not: said without asking for a key."""

    scopes = {}
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        self.taken = []
        raise NotFound
