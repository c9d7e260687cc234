"""Every link of a company, and taking one back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors, filters
from portal.pages import SeeOther, tenant_page
from portal.paging import page_of
from portal.requests import TenantRequest
from reports import links as domain
from reports.models import Link
from reports.models.delivery import LinkQuerySet

WORKING, ENDED, REVOKED = "active", "ended", "revoked"
STATES = (
    ("", gettext_lazy("All")),
    (WORKING, gettext_lazy("Working")),
    (ENDED, gettext_lazy("Ended")),
    (REVOKED, gettext_lazy("Revoked")),
)


@require_safe
@tenant_page("links.view")
def links(request: TenantRequest) -> HttpResponse:
    search = filters.read(request.GET, STATES)
    found = Link.objects.for_tenant(request.tenant)
    page = page_of(_matching(found, search).with_last_download().prefetch_related("job__report"), request.GET)
    working = filters.count_of(found.active(timezone.now()))
    context = {
        "page": page,
        "links": page.rows,
        "states": filters.states_row(request.GET, STATES, search.status, {WORKING: working}),
        "filters": search,
        "is_filtered": search.narrow,
        "may_revoke": request.may("links.revoke"),
    }
    return render(request, "portal/links.html", context)


def _matching(links: LinkQuerySet, search: filters.Filters) -> LinkQuerySet:
    now = timezone.now()
    if search.status == WORKING:
        links = links.active(now)
    elif search.status == ENDED:
        links = links.filter(Q(expires_at__lte=now) | Q(uses__gte=F("max_uses")), revoked_at=None)
    elif search.status == REVOKED:
        links = links.exclude(revoked_at=None)
    if search.query:
        links = links.filter(Q(job__report__name__icontains=search.query) | Q(reference__istartswith=search.query))
    return links


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("links.revoke")
def revoke(request: TenantRequest, link: uuid.UUID) -> HttpResponse:
    """Asks first, as what cannot be undone does: a link that was revoked is never good again."""
    found = get_object_or_404(Link.objects.for_tenant(request.tenant).select_related("tenant").prefetch_related("job__report"), pk=link)
    back = _safe(request, (request.POST or request.GET).get("next", ""))
    if request.method != "POST":
        return render(request, "portal/link_revoke.html", {"link": found, "back": back})
    domain.revoke(found, actors.member(request), now=timezone.now())
    messages.success(request, _("%(reference)s was revoked. It opens nothing any more.") % {"reference": found.reference})
    return SeeOther(back)


def _safe(request: TenantRequest, address: str) -> str:
    """Where to go afterwards: an address of ours, else the list."""
    own = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if own else reverse("links", args=[request.tenant.slug])
