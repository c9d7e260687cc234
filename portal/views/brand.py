"""A company's colour as a style sheet. It tells nobody whether a company with this code exists."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.brand_style import style_of, version_of
from reports import links
from tenants.models import Tenant
from tenants.scope import tenant_scope


@login_not_required
@transaction.non_atomic_requests
@require_safe
def brand(request: HttpRequest, code: str) -> HttpResponse:
    tenant = links.tenant_of(code)
    with tenant_scope(tenant):
        color = Tenant.objects.filter(pk=tenant.pk).values_list("brand_color", flat=True).first() or ""
    response = HttpResponse(style_of(color), content_type="text/css; charset=utf-8")
    # An older page may ask for an older version; what it gets must not be kept under that name.
    kept = request.GET.get("v") == version_of(color) != ""
    response["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-store"
    return response
