"""The first page of a company: what failed, what runs, what is ready."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal.forms import RetryForm
from portal.job_rows import drawn, for_pages, with_pace
from portal.live import QUIET_SECONDS, Live, poll_seconds
from portal.pages import tenant_page
from portal.requests import TenantRequest
from reports.models import Grant, SnapshotJob

SHOWN = 8
RECENT = 5


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("home.view")
def home(request: TenantRequest) -> HttpResponse:
    """All of it is live: somebody else, or a program, may start a report while nothing runs."""
    now = timezone.now()
    jobs = SnapshotJob.objects.for_tenant(request.tenant).visible()
    running = with_pace(request.tenant, for_pages(jobs.moving().newest_first()[:SHOWN]), now)
    recent = list(for_pages(jobs.ended().order_by("-finished_at", "-id")[:RECENT]))
    failing = request.failing()
    failed = list(for_pages(jobs.filter(pk__in=failing).newest_first()[:SHOWN])) if failing else []
    seconds = poll_seconds(running, now) or QUIET_SECONDS
    live = Live(request, drawn([*running, *recent, *failed], now), len(failing), seconds=seconds)
    if live.unchanged:
        return HttpResponse(status=204)
    first_run = not running and not recent
    context = {
        "live": live,
        "now": now,
        "running": running,
        "recent": recent,
        "failures": [(job, RetryForm(auto_id=False)) for job in failed],
        "may_run": request.may("reports.run"),
        "first_run": first_run,
        "report_count": Grant.objects.for_tenant(request.tenant).active().count() if first_run else 0,
    }
    return render(request, "portal/home_news.html" if live.asked else "portal/home.html", context)
