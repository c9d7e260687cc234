"""The one door to pages inside a company: who may come in, as what, and whose rows and clock they work with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from typing import Any, Concatenate, ParamSpec

from allauth.core.exceptions import ImmediateHttpResponse
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import visits
from portal.requests import TenantRequest
from portal.second_step import policy_redirect
from reports.models import Installation, SnapshotJob
from tenants import log_context
from tenants.access import may
from tenants.models import Membership, SupportVisit, Tenant
from tenants.models.members import Role
from tenants.scope import member_scope, tenant_scope

P = ParamSpec("P")
RESTORED = Exists(Installation.objects.exclude(restored_at=None))


class SeeOther(HttpResponseRedirect):
    """After a POST: go there with GET. 302 leaves the method to the browser."""

    status_code = 303


def tenant_page(action: str) -> Callable[[Callable[Concatenate[Any, P], HttpResponse]], Callable[..., HttpResponse]]:
    """A view of `/t/<slug>/…` that this action of tenants/access.py opens. The view runs inside the tenant's scope and time zone.

    The scope's transaction is the request's: what the view raises undoes all it did. Django would open another one around it.
    """

    def decorate(view: Callable[Concatenate[Any, P], HttpResponse]) -> Callable[..., HttpResponse]:
        @transaction.non_atomic_requests
        @wraps(view)
        def page(request: TenantRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            with inside(request, slug, action):
                return view(request, *args, **kwargs)

        page.action = action  # type: ignore[attr-defined]
        return page

    return decorate


def enters_itself(action: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view of `/t/<slug>/…` that calls `inside` with this action, because it has something to do outside of the scope as well."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        view.action = action  # type: ignore[attr-defined]
        return transaction.non_atomic_requests(view)

    return decorate


@contextmanager
def inside(request: TenantRequest, slug: str, action: str) -> Iterator[None]:
    """Raises Http404 for a company that is not there and for one the person does not belong to: the two must not be told apart."""
    visit = visits.of_company(request, slug)
    with _visiting(request, visit) if visit else _as_member(request, slug):
        log_context.note(tenant=request.tenant.pk)
        # Raised, because the scope is left with it; django-allauth's middleware answers with it.
        if (way := policy_redirect(request, None if visit else request.tenant)) is not None:
            raise ImmediateHttpResponse(way)
        if request.tenant.suspended_at and not visit:
            raise ImmediateHttpResponse(render(request, "portal/suspended.html", {"tenant": request.tenant}, status=403))
        _refuse_act(request, action)
        # Asked once, and only where it is shown: a poll without news has no answer.
        request.failing = cache(lambda: SnapshotJob.objects.needing_attention(request.tenant, timezone.now()))
        with timezone.override(request.tenant.zone):
            yield


@contextmanager
def _as_member(request: TenantRequest, slug: str) -> Iterator[None]:
    with member_scope(request.user, slug, is_restored=RESTORED) as membership:
        if membership is None:
            raise Http404("no such company for this person")
        request.tenant, request.role, request.visit = membership.tenant, Role(membership.role), None
        request.is_restored = membership.is_restored  # type: ignore[attr-defined]
        request.may = lambda action: may(membership.role, action)
        yield


@contextmanager
def _visiting(request: TenantRequest, visit: SupportVisit) -> Iterator[None]:
    with tenant_scope(visit.tenant):
        request.tenant, request.role, request.visit = visit.tenant, Role(visit.role), visit
        request.is_restored = Installation.objects.exclude(restored_at=None).exists()
        request.may = lambda action: visits.may_on_visit(visit, action)
        yield


def _owner_of(tenant: Tenant) -> tuple[str, str] | None:
    """Name and address of the one who has been there longest, for a page that sends somebody to them."""
    owners = Membership.objects.filter(tenant=tenant, role=Role.OWNER, user__is_active=True).order_by("created_at", "id")
    found = owners.values_list("user__name", "user__email").first()
    return (found[0] or found[1], found[1]) if found else None


def _refuse_act(request: TenantRequest, action: str) -> None:
    if request.visit:
        visits.refuse_act(request, request.visit, action)
    elif not request.may(action):
        request.ask = _owner_of(request.tenant)
        raise PermissionDenied(
            _("Your role for %(company)s is %(role)s. This needs an owner or an admin.")
            % {"company": request.tenant.name, "role": request.role.label}
        )
