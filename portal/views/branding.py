"""How a company looks to its customers: its logo, name, contact and colour, and what a page of theirs looks like with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors
from portal.brand_style import PREVIEW, style_of
from portal.branding_form import BrandingForm
from portal.branding_preview import look_of
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from reports import branding as domain
from reports.logos import LEAST_PIXELS, MOST_BYTES, MOST_PIXELS
from reports.refused import Refused

LIMITS = {"least_pixels": LEAST_PIXELS, "most_pixels": MOST_PIXELS, "most_kilobytes": MOST_BYTES // 1024}


@require_safe
@tenant_page("branding.view")
def branding(request: TenantRequest) -> HttpResponse:
    return _page(request, BrandingForm(request.tenant))


@require_http_methods(["POST"])
@tenant_page("branding.manage")
def save(request: TenantRequest) -> HttpResponse:
    """Saves, or with `act` draws what is typed: `preview`, or `use`, with the colour that passes."""
    typed = request.POST.copy()
    if typed.get("act") == "use":
        typed["color"] = look_of(request.tenant, request.POST).nearest or typed.get("color", "")
    if "act" in typed:
        # Unbound: what is not saved is not judged.
        form = BrandingForm(request.tenant)
        form.initial.update({name: typed[name] for name in ("name", "contact", "color") if name in typed})
        return _page(request, form, typed)
    form = BrandingForm(request.tenant, typed, request.FILES)
    if form.is_valid():
        try:
            changed = domain.change(request.tenant, actors.member(request), form.wanted(), now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            if changed:
                messages.success(request, _("Saved. Your customers see it from now on."))
            return SeeOther(reverse("branding", args=[request.tenant.slug]))
    return _page(request, form, typed, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("branding.view")
def preview(request: TenantRequest) -> HttpResponse:
    """A customer's page with what the address says; to a form that is being filled in, the part of its page beside it."""
    if request.method == "POST":
        return render(request, "portal/branding_news.html", {"look": look_of(request.tenant, request.POST)})
    look = look_of(request.tenant, request.GET)
    return render(request, "portal/branding_preview.html", {"look": look, "tenant": look.tenant})


@require_safe
@tenant_page("branding.view")
def preview_style(request: TenantRequest) -> HttpResponse:
    """Of the colour that the address names, for the preview alone."""
    style = style_of(look_of(request.tenant, request.GET).tenant.brand_color, PREVIEW)
    return HttpResponse(style, content_type="text/css; charset=utf-8")


def _page(request: TenantRequest, form: BrandingForm, typed: Mapping[str, Any] | None = None, status: int = 200) -> HttpResponse:
    look = look_of(request.tenant, typed)
    context = LIMITS | {"form": form, "look": look, "may_manage": request.may("branding.manage")}
    return render(request, "portal/branding.html", context, status=status)
