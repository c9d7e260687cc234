"""The first page of a company: what failed, what runs, what is ready."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal.forms import RetryForm
from portal.job_rows import for_pages
from portal.pages import tenant_page
from portal.requests import TenantRequest
from reports.models import Grant, SnapshotJob

SHOWN = 8
RECENT = 5


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("home.view")
def home(request: TenantRequest) -> HttpResponse:
    """The poll of the running jobs gets their card; once another job has ended it reloads the page, whose other cards changed too."""
    now = timezone.now()
    jobs = for_pages(SnapshotJob.objects.for_tenant(request.tenant).visible())
    recent = list(jobs.ended().order_by("-finished_at", "-id")[:RECENT])
    context = {"now": now, "running": jobs.moving().newest_first()[:SHOWN], "newest": recent[0].pk if recent else ""}
    if request.htmx:
        if request.GET.get("newest", "") != str(context["newest"]):
            return HttpResponse(headers={"HX-Refresh": "true"})
        return render(request, "portal/_running.html", context)
    failing = for_pages(SnapshotJob.objects.needing_attention(request.tenant, now))[:SHOWN]
    failures = [(job, RetryForm(auto_id=False)) for job in failing]
    context |= {"failures": failures, "recent": recent, "may_run": request.may("reports.run"), "first_run": not jobs.exists()}
    context["report_count"] = Grant.objects.for_tenant(request.tenant).active().count()
    return render(request, "portal/home.html", context)
