"""The first page of a company: what failed, what runs, what is ready."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal.forms import RetryForm
from portal.held_runs import held_runs
from portal.job_rows import drawn, for_pages, with_pace
from portal.live import QUIET_SECONDS, Live, poll_seconds
from portal.pages import tenant_page
from portal.requests import TenantRequest
from portal.schedule_rows import for_list, seen
from reports.models import Grant, Review, Schedule, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet

SHOWN = 8
RECENT = 5
NEXT = 4


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("home.view")
def home(request: TenantRequest) -> HttpResponse:
    """All of it is live: somebody else, or a program, may start a report while nothing runs."""
    now = timezone.now()
    jobs = SnapshotJob.objects.for_tenant(request.tenant).visible()
    running, recent, any_held = _running_and_recent(jobs)
    with_pace(request.tenant, running, now)
    failing = request.failing()
    failed = list(for_pages(jobs.filter(pk__in=failing).newest_first()[:SHOWN])) if failing else []
    upcoming = list(for_list(Schedule.objects.for_tenant(request.tenant).active().order_by("next_run_at", "id")[:NEXT]))
    held = held_runs(request.tenant) if any_held else []
    waits = [(one.job.pk, one.number, one.unusual, one.until) for one in held]
    seconds = poll_seconds(running, now) or QUIET_SECONDS
    live = Live(
        request, drawn([*running, *recent, *failed], now), len(failing), waits, [seen(schedule) for schedule in upcoming], seconds=seconds
    )
    if live.unchanged:
        return HttpResponse(status=204)
    first_run = not running and not recent
    context = {
        "live": live,
        "now": now,
        "running": running,
        "recent": recent,
        "upcoming": upcoming,
        "may_schedule": request.may("schedules.manage"),
        "failures": [(job, RetryForm(auto_id=False)) for job in failed],
        "held": held,
        "may_decide": request.may("jobs.release"),
        "may_run": request.may("reports.run"),
        "first_run": first_run,
        "report_count": Grant.objects.for_tenant(request.tenant).active().count() if first_run else 0,
    }
    return render(request, "portal/home_news.html" if live.asked else "portal/home.html", context)


def _running_and_recent(jobs: SnapshotJobQuerySet) -> tuple[list[SnapshotJob], list[SnapshotJob], bool]:
    """Each newest first, and whether any is held. One question in parts: one condition with an OR would read every job there is."""
    running = for_pages(jobs.moving().newest_first()[:SHOWN])
    recent, held = jobs.ended().order_by("-finished_at", "-id")[:RECENT], jobs.filter(review__status=Review.Status.HELD)[:1]
    # One that is held and recent comes twice.
    found = list({job.pk: job for job in running.union(for_pages(recent), for_pages(held), all=True)}.values())
    moving = sorted((job for job in found if not job.has_ended), key=lambda job: (job.created_at, job.pk), reverse=True)
    ended = sorted((job for job in found if job.finished_at), key=lambda job: (job.finished_at, job.pk), reverse=True)
    any_held = any(job.review_status == Review.Status.HELD for job in found)
    return moving, ended[:RECENT], any_held
