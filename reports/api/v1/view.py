"""What every view of API v1 shares: a bearer's key, JSON alone, strict queries, problems instead of error pages, rates in the headers."""

from __future__ import annotations

import re
import uuid
from typing import Any, ClassVar, NoReturn, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated, NotFound
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api import rates
from reports.api.tenant_view import TenantView
from reports.api.v1 import problems
from reports.api.v1.authentication import authenticator_classes, bearer
from reports.api.v1.media import JsonAlone, ProblemJson, StrictJson
from reports.api.v1.problems import InvalidRequest, Place

M = TypeVar("M", bound=Model)
# Other spellings of a UUID, as Python reads them, would be other addresses of one thing.
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class V1View(TenantView):
    parser_classes = (StrictJson,)
    renderer_classes = (JSONRenderer, ProblemJson)
    content_negotiation_class = JsonAlone
    http_method_names = ("get", "head", "post", "patch", "delete")
    # What may stand in the query, each once.
    query_allowed: ClassVar[frozenset[str]] = frozenset()

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [authenticator() for authenticator in authenticator_classes()]

    def get_exception_handler(self) -> Any:
        return problems.to_response

    def permission_denied(self, request: Request, message: str | None = None, code: str | None = None) -> NoReturn:
        """Nobody accepted what was sent, or nothing was."""
        raise AuthenticationFailed if bearer(request) else NotAuthenticated

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self._check_query(request)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        for name, value in rates.headers(self.taken).items():
            final[name] = value
        return final

    def get_object(self, rows: QuerySet[M], text: str) -> M:
        """In the caller's scope. Raises NotFound: the same for what is missing, for another tenant's, and for a text that is no id."""
        found = rows.filter(pk=uuid.UUID(text)).first() if UUID.fullmatch(text) else None
        if found is None:
            raise NotFound
        return found

    def _check_query(self, request: Request) -> None:
        unknown = [
            Place("unknown_parameter", "There is no such parameter.", name) for name in request.GET if name not in self.query_allowed
        ]
        repeated = [
            Place("repeated", "It stands there more than once.", name) for name in self.query_allowed if len(request.GET.getlist(name)) > 1
        ]
        if places := unknown + repeated:
            raise InvalidRequest("The query does not fit.", places)


class Unknown(V1View):
    """Whatever address under /api/ there is not: said without asking for a key."""

    scopes = {}
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> NoReturn:
        self.taken = []
        raise NotFound
