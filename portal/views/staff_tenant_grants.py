"""Offering a company a report, and taking one back: each on a page that asks first."""

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
from portal.queue_forms import ReasonForm
from portal.reauthentication import recently_authenticated
from portal.requests import StaffRequest
from portal.staff_pages import staff_page, staff_tenant_page
from portal.tenant_forms import GrantForm
from reports import granting
from reports.models import Grant, Report, Schedule
from reports.refused import Refused
from tenants.models import Tenant
from tenants.scope import staff_scope, tenant_scope


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("tenants.manage", scoped=False)
def grant(request: StaffRequest, tenant: str) -> HttpResponse:
    """The catalogue is read as staff, the grant is made inside the company."""
    with staff_scope(request.user):
        found = get_object_or_404(Tenant, slug=tenant)
        has = Grant.objects.filter(tenant=found, withdrawn_at=None).values("report")
        reports = list(Report.objects.filter(retired_at=None).exclude(pk__in=has).order_by("name", "slug"))
    form = GrantForm(reports, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        report = next(report for report in reports if report.slug == form.cleaned_data["report"])
        try:
            with tenant_scope(found):
                granting.grant(found, report, actors.member(request), form.cleaned_data["because"], timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("%(company)s has %(report)s now.") % {"company": found.name, "report": report.name})
            return SeeOther(reverse("staff_tenant", args=[found.slug]))
    context = {"tenant": found, "form": form, "has_all": not reports}
    return render(request, "staff/tenant_grant.html", context, status=422 if form.errors else 200)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_tenant_page("tenants.manage")
def take_back(request: StaffRequest, tenant: Tenant, report: str) -> HttpResponse:
    active = Grant.objects.for_tenant(tenant).active().select_related("report", "tenant")
    granted = get_object_or_404(active, report__slug=report)
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        granting.take_back(granted, actors.member(request), form.cleaned_data["because"], timezone.now())
        messages.success(request, _("%(report)s was taken back.") % {"report": granted.report.name})
        return SeeOther(reverse("staff_tenant", args=[tenant.slug]))
    schedules = Schedule.objects.for_tenant(tenant).active().filter(report=granted.report).count()
    context = {"tenant": tenant, "report": granted.report, "schedules": schedules, "form": form}
    return render(request, "staff/tenant_take_back.html", context, status=422 if form.errors else 200)
