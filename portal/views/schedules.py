"""The schedules of a company, one of them, and what people may do with it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from portal import actors, filters, selected
from portal.forms import RetryForm
from portal.live import QUIET_SECONDS, Live, plain_query, poll_seconds
from portal.pages import SeeOther, tenant_page
from portal.paging import page_of
from portal.requests import TenantRequest
from portal.schedule_rows import for_detail, for_list, matching, seen
from portal.way_back import way_back
from reports import undoing
from reports.destinations import choosing
from reports.models import Audience, Grant, Occurrence, Schedule
from reports.models.schedules import ScheduleQuerySet
from reports.occurrences import acting
from reports.refused import Refused
from reports.schedules import several
from reports.schedules.audiences import who_gets
from reports.schedules.figures import figures, people_of
from reports.schedules.ledger import Ledger, ledgers
from reports.undoing import Act

PAUSED, ENDED = "paused", "ended"
STATES = (("", gettext_lazy("Active")), (PAUSED, gettext_lazy("Paused")), (ENDED, gettext_lazy("Ended")))
RUNS_A_PAGE = 20


@require_safe
@tenant_page("schedules.view")
def schedules(request: TenantRequest) -> HttpResponse:
    search = filters.read(request.GET, STATES)
    kept = Schedule.objects.for_tenant(request.tenant).kept()
    reports = [grant.report for grant in Grant.objects.for_tenant(request.tenant).by_name()]
    page = page_of(matching(_in_state(kept, search.status), search), request.GET, draw=for_list)
    context = {
        "page": page,
        "states": filters.states_row(request.GET, STATES, search.status, _counts(kept)),
        "filters": search,
        "is_filtered": bool(search.query or search.report),
        "reports": reports,
        "now": timezone.now(),
        "may_manage": request.may("schedules.manage"),
        "selecting": request.may("schedules.manage"),
    }
    return render(request, "portal/schedules.html", context)


def _in_state(schedules: ScheduleQuerySet, status: str) -> ScheduleQuerySet:
    return schedules.paused() if status == PAUSED else schedules.ended() if status == ENDED else schedules.active()


def _counts(kept: ScheduleQuerySet) -> dict[str, str]:
    on, over = Q(enabled=True), Q(next_run_at=None)
    counted = kept.aggregate(active=Count("pk", filter=on & ~over), paused=Count("pk", filter=~on), ended=Count("pk", filter=on & over))
    return {"": str(counted["active"] or ""), PAUSED: str(counted["paused"] or ""), ENDED: str(counted["ended"] or "")}


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("schedules.view")
def schedule(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    """All of it is live: its next run may begin while somebody looks."""
    now = timezone.now()
    found = get_object_or_404(for_detail(request.tenant, schedule))
    found.tenant = request.tenant
    runs = Occurrence.objects.for_tenant(request.tenant).filter(schedule=found)
    page = page_of(runs, plain_query(request), size=RUNS_A_PAGE, by="planned_at")
    counted = ledgers(request.tenant, page.rows)
    seconds = poll_seconds(page.rows, now) or QUIET_SECONDS
    live = Live(request, seen(found), [(seen(run), counted.get(run.pk)) for run in page.rows], timezone.localdate(now), seconds=seconds)
    if live.unchanged:
        return HttpResponse(status=204)
    ways = who_gets(found)
    context = {
        "live": live,
        "now": now,
        "schedule": found,
        "page": page,
        "runs": [(run, counted.get(run.pk, Ledger())) for run in page.rows],
        "latest": None if request.GET.get("before") or request.GET.get("after") else next(iter(page.rows), None),
        "figures": figures(found, now),
        "people": len({way.email for way in ways}),
        "destinations": choosing.of_schedule(found),
        "audiences": _with_people(found, people_of(ways)),
        "may_manage": request.may("schedules.manage"),
    }
    return render(request, "portal/schedule_news.html" if live.asked else "portal/schedule.html", context)


def _with_people(schedule: Schedule, people: dict[uuid.UUID, int]) -> list[tuple[Audience, int]]:
    audiences = Audience.objects.filter(tenant=schedule.tenant, schedule=schedule).order_by("name")
    return [(audience, people.get(audience.pk, 0)) for audience in audiences]


@require_POST
@tenant_page("schedules.manage")
def pause(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    found, now = find(request, schedule), timezone.now()
    was_on = found.enabled
    acting.pause(found, actors.member(request), now)
    undo = _undo(request, Act.SCHEDULES_PAUSED, found, now, at=now.isoformat()) if was_on else ""
    messages.success(request, _("“%(name)s” is paused. Nothing goes out until it is resumed.") % {"name": found.title}, undo)
    return _back(request, found)


@require_POST
@tenant_page("schedules.manage")
def resume(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    found, now = find(request, schedule), timezone.now()
    was_on = found.enabled
    try:
        acting.resume(found, actors.member(request), now)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        undo = "" if was_on else _undo(request, Act.SCHEDULES_RESUMED, found, now, version=found.version)
        messages.success(request, _("“%(name)s” is on.") % {"name": found.title}, undo)
    return _back(request, found)


@require_POST
@tenant_page("schedules.manage")
def run(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    found, form = find(request, schedule), RetryForm(request.POST)
    form_key = form.cleaned_data["form_key"] if form.is_valid() else None
    try:
        made = acting.run_now(found, actors.member(request), timezone.now(), form_key=form_key)
    except Refused as refused:
        messages.error(request, refused.detail)
        return _back(request, found)
    return SeeOther(reverse("occurrence", args=[request.tenant.slug, found.pk, made.pk]))


@require_POST
@tenant_page("schedules.manage")
def remove(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    """Asks nothing: it can be undone. Pressed twice, the second one finds it done."""
    found, now = _find_any(request, schedule), timezone.now()
    if found.retired_at:
        return _back(request, found)
    try:
        acting.retire(found, actors.member(request), now)
    except Refused as refused:
        messages.error(request, refused.detail)
        return _back(request, found)
    undo = _undo_tag(request, Act.SCHEDULES_REMOVED, several.rows_of_removed(request.tenant, [found], now), now)
    messages.success(request, _("“%(name)s” was removed. Its runs stay in the history.") % {"name": found.title}, undo)
    return SeeOther(reverse("schedules", args=[request.tenant.slug]))


def _undo(request: TenantRequest, act: str, schedule: Schedule, now: datetime, **left: str | int) -> str:
    """Of the message. `left`: how the act left the schedule."""
    return _undo_tag(request, act, [{"id": str(schedule.pk)} | left], now)


def _undo_tag(request: TenantRequest, act: str, rows: list[dict[str, Any]], now: datetime) -> str:
    token = undoing.remember(request.tenant, actors.member(request), act, rows, now)
    return selected.undo_tag(request, "schedules_undo", token)


def find(request: TenantRequest, pk: uuid.UUID) -> Schedule:
    """One that people still see, with its report."""
    found = _find_any(request, pk)
    if found.retired_at:
        raise Http404("removed")
    return found


def _find_any(request: TenantRequest, pk: uuid.UUID) -> Schedule:
    found = get_object_or_404(Schedule.objects.for_tenant(request.tenant).select_related("report"), pk=pk)
    found.tenant = request.tenant
    return found


def _back(request: TenantRequest, schedule: Schedule) -> HttpResponse:
    return SeeOther(way_back(request, reverse("schedule", args=[request.tenant.slug, schedule.pk])))
