"""A company's colour as a style sheet, and its logo. They tell nobody whether a company with this code exists."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.brand_style import style_of, version_of
from reports import links
from tenants.models import Tenant, TenantLogo
from tenants.scope import tenant_scope

# A picture needs nothing else, and whoever opens its address as a page gets no page's rights.
ALONE = "default-src 'none'; sandbox"


@login_not_required
@transaction.non_atomic_requests
@require_safe
def brand(request: HttpRequest, code: str) -> HttpResponse:
    tenant = links.tenant_of(code)
    with tenant_scope(tenant):
        color = Tenant.objects.filter(pk=tenant.pk).values_list("brand_color", flat=True).first() or ""
    response = HttpResponse(style_of(color), content_type="text/css; charset=utf-8")
    return _kept(response, request.GET.get("v") == version_of(color) != "")


@login_not_required
@transaction.non_atomic_requests
@require_safe
def logo(request: HttpRequest, code: str) -> HttpResponse:
    """The same 404 for a code that nobody has and for a company without a logo."""
    tenant = links.tenant_of(code)
    with tenant_scope(tenant):
        found = TenantLogo.objects.filter(tenant=tenant.pk).values_list("png", "tenant__logo_hash").first()
    png, version = found or (b"", "")
    response = HttpResponse(bytes(png), content_type="image/png", status=200 if found else 404)
    response["Content-Security-Policy"] = ALONE
    return _kept(response, request.GET.get("v") == version != "")


def _kept(response: HttpResponse, is_this_version: bool) -> HttpResponse:
    """An older page may ask for an older version; what it gets must not be kept under that name."""
    response["Cache-Control"] = "public, max-age=31536000, immutable" if is_this_version else "no-store"
    return response
