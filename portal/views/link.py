"""One link: who downloaded what by it, and taking it back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from reports import links as domain
from reports.models import Download, Link

# A link is good for a thousand uses at most, and each may be repeated; nobody reads further back than this on one page.
MOST_DOWNLOADS = 200


@require_safe
@tenant_page("links.view")
def link(request: TenantRequest, link: uuid.UUID) -> HttpResponse:
    found = _find(request, link)
    downloads = Download.objects.filter(tenant=request.tenant, link=found).prefetch_related("file").order_by("-at")
    context = {
        "link": found,
        "downloads": downloads[:MOST_DOWNLOADS],
        "most": MOST_DOWNLOADS,
        "may_revoke": request.may("links.revoke") and found.revoked_at is None,
    }
    return render(request, "portal/link.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("links.revoke")
def revoke(request: TenantRequest, link: uuid.UUID) -> HttpResponse:
    """Asks first, as what cannot be undone does: a link that was revoked is never good again."""
    found = _find(request, link)
    back = _safe(request, (request.POST or request.GET).get("next", ""))
    if request.method != "POST":
        return render(request, "portal/link_revoke.html", {"link": found, "back": back})
    domain.revoke(found, actors.member(request), now=timezone.now())
    messages.success(request, _("%(reference)s was revoked. It opens nothing any more.") % {"reference": found.reference})
    return SeeOther(back)


def _find(request: TenantRequest, pk: uuid.UUID) -> Link:
    found = Link.objects.for_tenant(request.tenant).select_related("tenant", "superseded_by").prefetch_related("job__report")
    return get_object_or_404(found, pk=pk)


def _safe(request: TenantRequest, address: str) -> str:
    """Where to go afterwards: an address of ours, else the list."""
    own = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if own else reverse("links", args=[request.tenant.slug])
