"""API keys of a company: the list, a new one, one in place of another, and taking one back."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors
from portal.key_forms import KeyForm, ReplaceForm
from portal.key_rows import ended_rows, live_rows
from portal.key_words import in_words
from portal.pages import SeeOther, tenant_page
from portal.reauthentication import recently_authenticated
from portal.requests import TenantRequest
from tenants import keys as domain
from tenants.models import ApiKey


@require_safe
@tenant_page("keys.view")
def keys(request: TenantRequest) -> HttpResponse:
    now = timezone.now()
    ended = request.GET.get("status") == "ended"
    rows = ended_rows(request.tenant, now) if ended else live_rows(request.tenant, now)
    return render(request, "portal/keys.html", {"rows": rows, "ended": ended, "may_manage": request.may("keys.manage")})


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("made")
@tenant_page("keys.manage")
def new(request: TenantRequest) -> HttpResponse:
    form = KeyForm(request.role, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = domain.create(request.tenant, request.user, actors.member(request), form.wanted(), now=timezone.now())
        except domain.KeyRefused as refused:
            form.cannot(refused)
        else:
            return _show_once(request, made, None)
    return render(request, "portal/key_new.html", {"form": form}, status=422 if form.errors else 200)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("made")
@tenant_page("keys.manage")
def replace(request: TenantRequest, key: uuid.UUID) -> HttpResponse:
    found = _find(request, key)
    form = ReplaceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = domain.rotate(found, request.user, actors.member(request), **form.cleaned_data, now=timezone.now())
        except domain.KeyRefused as refused:
            form.add_error(None, refused.detail)
        else:
            return _show_once(request, made, found)
    context = {"key": found, "form": form, "may": in_words(found.scopes)}
    return render(request, "portal/key_replace.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("keys.manage")
def revoke(request: TenantRequest, key: uuid.UUID) -> HttpResponse:
    """Asks first, but for no password: a key that leaked is taken back without delay."""
    found = _find(request, key)
    if request.method != "POST":
        return render(request, "portal/key_revoke.html", {"key": found})
    domain.revoke(found, actors.member(request), now=timezone.now())
    messages.success(request, _("%(name)s was revoked. It opens nothing any more.") % {"name": found.name})
    return SeeOther(reverse("keys", args=[request.tenant.slug]))


@sensitive_variables("made")
def _show_once(request: TenantRequest, made: domain.Made, replaced: ApiKey | None) -> HttpResponse:
    """In the answer to the form itself: it is kept in no session, cookie or log on its way to another page. Sent once more, the form is
    refused, because the name is taken or the key replaced by then."""
    context = {"made": made, "replaced": replaced, "me_url": f"{settings.PORTAL_BASE_URL}/api/v1/me/", "now": timezone.now()}
    return render(request, "portal/key_made.html", context)


def _find(request: TenantRequest, pk: uuid.UUID) -> ApiKey:
    return get_object_or_404(ApiKey.objects.filter(tenant=request.tenant).select_related("tenant"), pk=pk)
