"""The API's pages: open to everybody, and the same for everybody. In English, as the API is."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe

from portal.api_docs import operations
from reports.api import rates
from reports.api.v1.codes import KINDS
from reports.models import Event
from tenants.key_scopes import ROLES


@login_not_required
@transaction.non_atomic_requests
@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    facts = {
        "me": operations.section("me"),
        "scopes": list(ROLES),
        "rates": (rates.KEY, rates.TENANT, rates.WRITES),
        "events": Event.Type.choices,
    }
    return _page(request, "api/guide.html", **facts)


@login_not_required
@transaction.non_atomic_requests
@require_safe
def resource(request: HttpRequest, name: str) -> HttpResponse:
    found = operations.section(name)
    if found is None:
        raise Http404("no such resource")
    return _page(request, "api/resource.html", section=found)


@login_not_required
@transaction.non_atomic_requests
@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    return _page(request, "api/errors.html", kinds=KINDS)


def _page(request: HttpRequest, template: str, **facts: object) -> HttpResponse:
    with translation.override("en"):
        return render(request, template, facts | {"sections": operations.sections(), "base_url": settings.PORTAL_BASE_URL})
