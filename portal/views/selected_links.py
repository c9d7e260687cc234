"""Revoking the links that somebody selected, or all of the jobs that they selected: it cannot be undone, so it asks first."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal import actors, selected
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from portal.way_back import way_back
from reports import links

# The last button says that it was asked.
SURE = "sure"


@require_POST
@tenant_page("links.revoke")
def revoke_of_jobs(request: TenantRequest) -> HttpResponse:
    return _revoke(request, "jobs", "jobs")


@require_POST
@tenant_page("links.revoke")
def revoke(request: TenantRequest) -> HttpResponse:
    return _revoke(request, "links", "links")


def _revoke(request: TenantRequest, what: str, name: str) -> HttpResponse:
    """`what`: whose ids the form sends; `name`: of the list that it comes from."""
    back = way_back(request, reverse(name, args=[request.tenant.slug]))
    wanted = selected.read(request)
    if wanted is None:
        return SeeOther(back)
    which = links.of_selected(request.tenant, **{what: wanted.ids})
    if SURE not in request.POST:
        count, working = which.count(timezone.now())
        of_jobs = what == "jobs" and ngettext("%(n)d selected job", "%(n)d selected jobs", len(wanted.ids)) % {"n": len(wanted.ids)}
        title = of_jobs or ngettext("%(n)d selected link", "%(n)d selected links", len(wanted.ids)) % {"n": len(wanted.ids)}
        context = {"title": title, "count": count, "working": working, "ended": count - working, "ids": wanted.ids, "back": back}
        return render(request, "portal/links_revoke.html", context)
    count = links.revoke_all(which, actors.member(request), now=timezone.now())
    told = ngettext("%(n)d link was revoked. It opens nothing any more.", "%(n)d links were revoked. They open nothing any more.", count)
    messages.success(request, told % {"n": count})
    return SeeOther(back)
