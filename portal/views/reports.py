"""The reports a company may run, and running one."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors, filters
from portal.forms import RunForm
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from reports import jobs
from reports.models import Grant, SnapshotJob
from reports.refused import Refused


@require_safe
@tenant_page("reports.view")
def reports(request: TenantRequest) -> HttpResponse:
    search = filters.read(request.GET, ()).query
    offered = Grant.objects.for_tenant(request.tenant).active()
    newest = _newest_jobs(request)
    found = [(grant.report, newest.get(grant.report_id)) for grant in offered.filter(report__name__icontains=search).with_report()]
    context = {"reports": found, "query": search, "total": offered.count(), "may_run": request.may("reports.run")}
    context["may_schedule"] = request.may("schedules.manage")
    return render(request, "portal/reports.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("reports.run")
def run(request: TenantRequest, report: str) -> HttpResponse:
    try:
        grant = jobs.find_grant(request.tenant, report)
    except Refused as refused:
        raise Http404(refused.detail) from refused
    form = RunForm(grant, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            job = jobs.submit(request.tenant, actors.member(request), form.wanted(), now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            return SeeOther(reverse("job", args=[request.tenant.slug, job.pk]))
    context = {"report": grant.report, "form": form, "pinned": grant.parameters, "may_schedule": request.may("schedules.manage")}
    return render(request, "portal/report_run.html", context, status=422 if form.errors else 200)


def _newest_jobs(request: TenantRequest) -> dict[uuid.UUID, SnapshotJob]:
    """By report."""
    visible: QuerySet[SnapshotJob] = SnapshotJob.objects.for_tenant(request.tenant).visible()
    return {job.report_id: job for job in visible.order_by("report", "-created_at").distinct("report")}
