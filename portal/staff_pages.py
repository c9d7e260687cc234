"""The one door to pages of platform staff. Everybody else is told that there is no such page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from portal import actors
from portal.requests import StaffRequest
from portal.second_step import policy_redirect
from tenants import log_context, looking
from tenants.access import staff_may
from tenants.models import Tenant
from tenants.scope import staff_scope, tenant_scope

P = ParamSpec("P")


def staff_page(action: str, *, scoped: bool = True) -> Callable[[Callable[Concatenate[Any, P], HttpResponse]], Callable[..., HttpResponse]]:
    """A view of `/staff/…` that this action of tenants/access.py opens. The view runs inside the staff scope; its times are UTC.

    Not `scoped`: the view opens scopes and transactions itself, because it acts inside a company.
    """

    def decorate(view: Callable[Concatenate[Any, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def page(request: StaffRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not staff_may(request.user, action):
                raise Http404("not staff")
            if (way := policy_redirect(request, None)) is not None:
                return way
            with staff_scope(request.user) if scoped else nullcontext():
                return view(request, *args, **kwargs)

        page.action = action  # type: ignore[attr-defined]
        return page if scoped else transaction.non_atomic_requests(page)

    return decorate


def staff_tenant_page(action: str) -> Callable[[Callable[Concatenate[Any, Tenant, P], HttpResponse]], Callable[..., HttpResponse]]:
    """A view of `/staff/tenants/<slug:tenant>/…`, which gets the company and runs inside it.

    Deeper than names and queues staff see one company at a time, and it reads in its audit trail that they looked. Nobody's membership is
    used.
    """

    def decorate(view: Callable[Concatenate[Any, Tenant, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @staff_page(action, scoped=False)
        @wraps(view)
        def page(request: StaffRequest, tenant: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            with staff_scope(request.user):
                found = get_object_or_404(Tenant, slug=tenant)
            with tenant_scope(found):
                log_context.note(tenant=found.pk)
                looking.looked(found, actors.member(request), timezone.now())
                return view(request, found, *args, **kwargs)

        return page

    return decorate
