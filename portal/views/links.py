"""Every link of a company."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal import filters
from portal.pages import tenant_page
from portal.paging import page_of
from portal.requests import TenantRequest
from reports.models import Grant, Link
from reports.models.delivery import LinkQuerySet

WORKING, TODAY, ENDED, REVOKED = "active", "today", "ended", "revoked"
STATES = (("", _("All")), (WORKING, _("Working")), (TODAY, _("Ending today")), (ENDED, _("Ended")), (REVOKED, _("Revoked")))


@require_safe
@tenant_page("links.view")
def links(request: TenantRequest) -> HttpResponse:
    now = timezone.now()
    search = filters.read(request.GET, STATES)
    found = Link.objects.for_tenant(request.tenant)
    page = page_of(_matching(found, search, now).with_last_download().prefetch_related("job__report"), request.GET)
    counts = {WORKING: filters.count_of(found.active(now)), TODAY: filters.count_of(_ending_today(found, now))}
    context = {
        "page": page,
        "links": page.rows,
        "states": filters.states_row(request.GET, STATES, search.status, counts),
        "filters": search,
        "is_filtered": search.narrow,
        "reports": [grant.report for grant in Grant.objects.for_tenant(request.tenant).by_name()],
        "may_revoke": request.may("links.revoke"),
        "selecting": request.may("links.revoke"),
    }
    return render(request, "portal/links.html", context)


def _matching(links: LinkQuerySet, search: filters.Filters, now: datetime) -> LinkQuerySet:
    if search.status == WORKING:
        links = links.active(now)
    elif search.status == TODAY:
        links = _ending_today(links, now)
    elif search.status == ENDED:
        links = links.filter(Q(expires_at__lte=now) | Q(uses__gte=F("max_uses")), revoked_at=None)
    elif search.status == REVOKED:
        links = links.exclude(revoked_at=None)
    if search.report:
        links = links.filter(job__report__slug=search.report)
    if search.query:
        words = Q(email__icontains=search.query) | Q(job__report__name__icontains=search.query)
        links = links.filter(words | Q(reference__istartswith=search.query))
    return links


def _ending_today(links: LinkQuerySet, now: datetime) -> LinkQuerySet:
    """Until midnight in the company's zone."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return links.active(now).filter(expires_at__lt=midnight)
