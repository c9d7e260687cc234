"""Taking back all links of a recipient, a job or a schedule: first how many they are, then the button that says so."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.link_forms import RevokeForm
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from reports import links
from reports.models import Schedule, SnapshotJob
from tenants.secrets import is_storable


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("links.revoke")
def revoke(request: TenantRequest) -> HttpResponse:
    """`?address=`, `?job=` or `?schedule=` says which; without one it asks for an address."""
    asked = request.POST if request.method == "POST" else request.GET
    which, title = _which(request, asked)
    if which is None:
        return render(request, "portal/links_revoke_whose.html", {"form": RevokeForm()}, status=422 if request.method == "POST" else 200)
    if request.method != "POST":
        count, working = which.count(timezone.now())
        context = {"title": title, "count": count, "working": working, "ended": count - working, "asked": which.facts}
        return render(request, "portal/links_revoke.html", context)
    count = links.revoke_all(which, actors.member(request), now=timezone.now())
    told = ngettext("%(n)d link was revoked. It opens nothing any more.", "%(n)d links were revoked. They open nothing any more.", count)
    messages.success(request, told % {"n": count})
    return SeeOther(reverse("links", args=[request.tenant.slug]))


def _which(request: TenantRequest, asked: QueryDict) -> tuple[links.LinkSet | None, str]:
    """The links, and whose they are in words. Raises Http404 for a job or schedule that is not the company's."""
    if asked.get("job"):
        job = get_object_or_404(SnapshotJob.objects.for_tenant(request.tenant).select_related("report"), pk=_uuid(asked.get("job", "")))
        job.tenant = request.tenant
        return links.of_job(job), _("the job of “%(report)s”") % {"report": job.report.name}
    if asked.get("schedule"):
        slug = asked.get("schedule", "").replace("\0", "")
        schedule = get_object_or_404(Schedule.objects.for_tenant(request.tenant).select_related("report"), slug=slug)
        schedule.tenant = request.tenant
        return links.of_schedule(schedule), _("the schedule “%(schedule)s”") % {"schedule": schedule.title}
    address = asked.get("address", "").strip()
    if not address or not is_storable(address):
        return None, ""
    return links.of_address(request.tenant, address), address


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Http404("not an id") from None
