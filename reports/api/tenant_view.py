"""What every view of an API for tenants shares: a caller, its rate, the scope it needs, and its own transaction."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from django.db import transaction
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from reports.api.caller import Caller
from reports.api.json_body import MAX_BODY
from reports.api.rates import KEY, SAFE, TENANT, WRITES, CacheAway, Rate, Taken, take


class MissingScope(PermissionDenied):
    default_code = "missing_scope"


class TenantSuspended(PermissionDenied):
    default_code = "tenant_suspended"
    default_detail = "The platform has suspended this company. Nothing runs for it until that ends."


class Unavailable(APIException):
    status_code, default_code = 503, "unavailable"
    default_detail = "The portal cannot answer just now. Try again in a few seconds."


class RateLimited(APIException):
    """`wait`: whole seconds."""

    status_code, default_code = 429, "rate_limited"

    def __init__(self, wait: int) -> None:
        super().__init__(f"Too many requests. Try again in {wait} s.")
        self.wait = wait


class IsCaller(BasePermission):
    """What an authenticator accepted that is no caller gets no further than what nobody accepted."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, Caller)


class WithinRates(BasePermission):
    """Counts what is refused later, too: a flood of wrong requests is one."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        of = cast(TenantView, view)
        try:
            of.taken = take(of.caller, of.rates(str(request.method)))
        except CacheAway as away:
            # Reading goes on uncounted. What is created uncounted could be without end.
            if request.method not in SAFE:
                raise Unavailable from away
            return True
        if not of.taken[-1].through:
            raise RateLimited(of.taken[-1].wait)
        return True


class NotSuspended(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        if cast(Caller, request.user).tenant.suspended_at is not None:
            raise TenantSuspended
        return True


class HasScope(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        """Raises KeyError for a method without an entry, so that a forgotten one fails in the first test. Empty: any caller may."""
        needed = cast(TenantView, view).scopes["GET" if request.method == "HEAD" else str(request.method)]
        if needed and needed not in cast(Caller, request.user).scopes:
            raise MissingScope(f"This key lacks the scope {needed}.")
        return True


class TenantView(APIView):
    """Handlers open `self.caller.scope()` themselves, which is their transaction, instead of one around the whole request.

    So a use of the key is noted even when the request is refused, and a commit that fails is answered in the API's own words.
    """

    scopes: ClassVar[dict[str, str]]
    # Bytes of a request's body.
    max_body: ClassVar[int] = MAX_BODY
    permission_classes = (IsCaller, WithinRates, NotSuspended, HasScope)
    taken: list[Taken]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """A method that is not offered is so for everybody: said before a key is asked for."""
        self.taken = []
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request, *args, **kwargs)
        super().initial(request, *args, **kwargs)

    def rates(self, method: str) -> tuple[Rate, ...]:
        return (KEY, TENANT) if method in SAFE else (KEY, TENANT, WRITES)

    @property
    def caller(self) -> Caller:
        return cast(Caller, self.request.user)
