"""The first page of a company: what failed, what runs, what is ready, and how it has been lately."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal import home_figures
from portal.forms import RetryForm
from portal.held_runs import HeldRun, held_jobs, held_runs, with_hold
from portal.job_rows import drawn, for_pages, with_pace
from portal.live import QUIET_SECONDS, Live, poll_seconds
from portal.pages import tenant_page
from portal.requests import TenantRequest
from portal.schedule_rows import for_list, seen
from reports.lately import lately
from reports.models import Grant, Schedule, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from reports.schedules.figures import share_delivered, typical_seconds
from tenants.models import Tenant

SHOWN = 8
RECENT = 5
NEXT = 4
HEALTH, HEALTH_RUNS = 5, 30
# Its time zone, which the platform set; a first run; a first schedule. Who lives without the last one is not reminded for ever.
STEPS, STEPS_SHOWN = 3, timedelta(days=30)


@dataclass(frozen=True)
class Found:
    """Each newest first."""

    running: list[SnapshotJob]
    recent: list[SnapshotJob]
    failed: list[SnapshotJob]
    held: list[HeldRun]


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("home.view")
def home(request: TenantRequest) -> HttpResponse:
    """All of it is live: somebody else, or a program, may start a report while nothing runs."""
    now = timezone.now()
    failing = request.failing()
    found = _jobs(request.tenant, failing)
    with_pace(request.tenant, found.running, now)
    schedules = _schedules(request.tenant)
    upcoming = [schedule for schedule in schedules if schedule.enabled and schedule.next_run_at]
    days = lately(request.tenant, now)
    has_run = bool(found.running or found.recent)
    live = Live(
        request,
        drawn([*found.running, *found.recent, *found.failed], now),
        len(failing),
        [(one.job_id, one.number, one.unusual, one.until) for one in found.held],
        [(*seen(schedule), _runs_of(schedule)) for schedule in schedules],
        days,
        seconds=poll_seconds(found.running, now) or QUIET_SECONDS,
    )
    if live.unchanged:
        return HttpResponse(status=204)
    context = {
        "live": live,
        "now": now,
        "running": found.running,
        "recent": found.recent,
        "upcoming": upcoming[:NEXT],
        "health": [(schedule, share_delivered(runs), typical_seconds(runs)) for schedule in upcoming if (runs := _runs_of(schedule))],
        "runs": HEALTH_RUNS,
        "may_schedule": request.may("schedules.manage"),
        "failures": [(job, RetryForm(auto_id=False)) for job in found.failed],
        "held": found.held,
        "may_decide": request.may("jobs.release"),
        "may_run": request.may("reports.run"),
        "today": days.today,
        "figures": home_figures.figures(days),
        "first_run": not has_run,
        "has_run": has_run,
        "has_schedule": bool(schedules),
        "steps_done": 1 + has_run + bool(schedules),
        "steps": STEPS,
        "shows_steps": not (has_run and schedules) and request.may("schedules.manage") and now - request.tenant.created_at < STEPS_SHOWN,
        "report_count": 0 if has_run else Grant.objects.for_tenant(request.tenant).active().count(),
    }
    return render(request, "portal/home_news.html" if live.asked else "portal/home.html", context)


def _jobs(tenant: Tenant, failing: Iterable[uuid.UUID]) -> Found:
    """One question in parts: one condition with an OR would read every job there is. A job may come in several of them."""
    jobs, failing = SnapshotJob.objects.for_tenant(tenant).visible(), set(failing)
    parts: list[SnapshotJobQuerySet] = [
        jobs.moving().newest_first()[:SHOWN],
        jobs.ended().order_by("-finished_at", "-id")[:RECENT],
        jobs.filter(pk__in=failing).newest_first()[:SHOWN],
        jobs.filter(pk__in=held_jobs(tenant)),
    ]
    first, *others = (with_hold(for_pages(part)) for part in parts)
    found = {job.pk: job for job in first.union(*others, all=True)}.values()
    newest = sorted(found, key=lambda job: (job.created_at, job.pk), reverse=True)
    ended = sorted((job for job in found if job.finished_at), key=lambda job: (job.finished_at, job.pk), reverse=True)
    return Found(
        [job for job in newest if not job.has_ended],
        ended[:RECENT],
        [job for job in newest if job.pk in failing][:SHOWN],
        held_runs(found),
    )


def _schedules(tenant: Tenant) -> list[Schedule]:
    """Those that run next, then any others, with their last runs."""
    kept = Schedule.objects.for_tenant(tenant).kept()
    # Those that never run again have no next time, which comes last.
    return list(for_list(kept.order_by("-enabled", "next_run_at", "id")[:HEALTH], HEALTH_RUNS))


def _runs_of(schedule: Schedule) -> list[dict[str, object]]:
    return schedule.last_runs  # type: ignore[attr-defined]
