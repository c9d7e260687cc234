"""What every view of an API for tenants shares: a key, the scope it needs, and its own transaction."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db import transaction
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from reports.api.authentication import Caller
from tenants.models import ApiKey


class MissingScope(PermissionDenied):
    default_code = "missing_scope"


class HasScope(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raises KeyError for a method without an entry, so that a forgotten one fails in the first test."""
        if request.auth is None:
            return False
        needed = cast(TenantView, view).scopes[str(request.method)]
        if not cast(ApiKey, request.auth).allows(needed):
            raise MissingScope(f"This key lacks the scope {needed}.")
        return True


class TenantView(APIView):
    """Handlers open `self.caller.scope()` themselves, which is their transaction, instead of one around the whole request.

    So a use of the key is noted even when the request is refused, and a commit that fails is answered in the API's own words.
    """

    scopes: ClassVar[dict[str, str]]
    permission_classes = (HasScope,)

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A method that is not offered is so for everybody: said before a key is asked for."""
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request, *args, **kwargs)
        super().initial(request, *args, **kwargs)

    @property
    def caller(self) -> Caller:
        return cast(Caller, self.request.user)
