"""Suspending a company and letting it go on: each on a page that says first what becomes of its people, links and schedules."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.pages import SeeOther
from portal.reauthentication import recently_authenticated
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from portal.tenant_forms import SuspendForm
from reports import suspending
from reports.models import Link, Schedule, SnapshotJob
from reports.refused import Refused
from tenants.models import Membership, Tenant
from tenants.scope import staff_scope, tenant_scope


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("tenants.manage", scoped=False)
def suspend(request: StaffRequest, tenant: str) -> HttpResponse:
    found = _found(request, tenant)
    form = SuspendForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with staff_scope(request.user):
                done = suspending.suspend(found, actors.member(request), form.cleaned_data["because"], timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            told = _("%(company)s is suspended.") if done else _("Somebody had suspended %(company)s before.")
            messages.success(request, told % {"company": found.name})
            return _back(found)
    context = {"tenant": found, "form": form} | _what_rests(found)
    return render(request, "staff/tenant_suspend.html", context, status=422 if form.errors else 200)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("tenants.manage", scoped=False)
def resume(request: StaffRequest, tenant: str) -> HttpResponse:
    found = _found(request, tenant)
    if request.method != "POST":
        return render(request, "staff/tenant_resume.html", {"tenant": found} | _what_rests(found))
    now = timezone.now()
    with tenant_scope(found):
        suspending.skip_what_came_due(found, now)
    with staff_scope(request.user):
        done = suspending.resume(found, actors.member(request), now)
    told = _("%(company)s goes on.") if done else _("%(company)s was not suspended.")
    messages.success(request, told % {"company": found.name})
    return _back(found)


def _found(request: StaffRequest, slug: str) -> Tenant:
    with staff_scope(request.user):
        return get_object_or_404(Tenant, slug=slug)


def _what_rests(tenant: Tenant) -> dict[str, int]:
    """Numbers alone."""
    with tenant_scope(tenant):
        return {
            "schedules": Schedule.objects.for_tenant(tenant).active().count(),
            "people": Membership.objects.filter(tenant=tenant).count(),
            "links": Link.objects.for_tenant(tenant).active(timezone.now()).count(),
            "waiting": SnapshotJob.objects.for_tenant(tenant).filter(status=SnapshotJob.Status.QUEUED).count(),
        }


def _back(tenant: Tenant) -> HttpResponse:
    return SeeOther(reverse("staff_tenant", args=[tenant.slug]))
