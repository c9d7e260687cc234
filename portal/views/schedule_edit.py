"""Making a schedule, changing one, and what it would do, told while it is typed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal import actors
from portal.offered_names import offered_names
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from portal.schedule_conflict import Difference, differences
from portal.schedule_form import ScheduleForm, initial_of
from portal.schedule_preview import preview_of
from portal.views.schedules import find
from reports.destinations import choosing
from reports.models import Audience, Grant, Schedule
from reports.refused import Refused
from reports.schedules import addressees, audiences, editing
from tenants.models import User

REDRAW = "redraw"


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("schedules.manage")
def new(request: TenantRequest) -> HttpResponse:
    grants = _grants(request)
    if not grants:
        return render(request, "portal/schedule_none.html")
    asked = {"report": request.GET.get("report", ""), "timezone": request.tenant.timezone, "owner": str(request.user.pk)}
    return _page(request, grants, asked | {"missed": Schedule.Missed.LATEST, "tell_owner": True})


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("schedules.manage")
def duplicate(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    """A new one that begins as the other one is. A passcode is not copied: nobody can read it."""
    found = find(request, schedule)
    initial = initial_of(found, *_whom(found)) | {"copy_of": found.pk, "link_passcode": "", "starts_on": None, "ends_on": None}
    return _page(request, _grants(request), initial | {"name": _("%(name)s (copy)") % {"name": found.title[:110]}}, source=found)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("schedules.manage")
def edit(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    found = find(request, schedule)
    initial = initial_of(found, *_whom(found)) | {"version": editing.version_of(found)}
    return _page(request, _grants(request), initial, schedule=found)


@dataclass
class Editing:
    """What became of a form: saved, or shown again. `about`: another form for what the report asks for, when it has just been chosen."""

    form: ScheduleForm
    about: ScheduleForm | None = None
    saved: Schedule | None = None
    conflict: tuple[Difference, ...] = ()
    status: int = 200


def _page(
    request: TenantRequest,
    grants: list[Grant],
    initial: dict[str, Any],
    *,
    schedule: Schedule | None = None,
    source: Schedule | None = None,
) -> HttpResponse:
    if not any(grant.report.slug == initial["report"] for grant in grants):
        initial = initial | {"report": grants[0].report.slug} if grants else initial
    if not grants:
        return render(request, "portal/schedule_none.html")
    done = _done(request, grants, initial, schedule, source)
    if done.saved is not None:
        messages.success(request, _("“%(name)s” is saved.") % {"name": done.saved.title})
        return SeeOther(reverse("schedule", args=[request.tenant.slug, done.saved.pk]))
    context = {
        "form": done.form,
        "about": done.about or done.form,
        "schedule": schedule,
        "source": source,
        "conflict": done.conflict,
        "preview": preview_of(request.tenant, done.form, schedule, now=timezone.now()),
        "known": offered_names(request.tenant),
    }
    return render(request, "portal/schedule_edit.html", context, status=done.status)


def _done(
    request: TenantRequest, grants: list[Grant], initial: dict[str, Any], schedule: Schedule | None, source: Schedule | None
) -> Editing:
    redraw = REDRAW in request.POST
    data = request.POST if request.method == "POST" else None
    members = _members(request)
    linked = schedule is not None and schedule.template_id is not None
    form = ScheduleForm(request.tenant, grants, members, data, initial=initial, quiet=redraw, linked=linked)
    if redraw and not linked and request.POST.get("drawn", form.report_slug) != form.report_slug:
        # What was typed belongs to the other report; this one's fields begin with its defaults.
        kept = {"report": form.report_slug, "name": request.POST.get("name", "")}
        return Editing(form, ScheduleForm(request.tenant, grants, members, initial=initial | kept))
    if data is None or redraw:
        return Editing(form)
    if not form.is_valid():
        return Editing(form, status=422)
    try:
        saved = _save(request, form, schedule, source)
    except Refused as refused:
        if refused.code == "changed_meanwhile" and schedule is not None:
            return _told_of_the_other(request, grants, initial, schedule, form)
        form.refuse(refused)
        return Editing(form, status=422)
    return Editing(form, saved=saved)


def _save(request: TenantRequest, form: ScheduleForm, schedule: Schedule | None, source: Schedule | None) -> Schedule:
    now, actor = timezone.now(), actors.member(request)
    seen = editing.Form(form.cleaned_data["key"], form.cleaned_data["version"])
    saved = editing.save(request.tenant, actor, form.wanted(), schedule=schedule, form=seen, now=now)
    if source is not None:
        audiences.copy(source, saved, actor, now=now)
    return saved


def _told_of_the_other(
    request: TenantRequest, grants: list[Grant], initial: dict[str, Any], schedule: Schedule, form: ScheduleForm
) -> Editing:
    """Everything typed stays; the form now knows the other's version, so that saving again is a decision."""
    told = tuple(differences(schedule, form.wanted(), initial["recipients"]))
    data = request.POST.copy()
    data["version"] = editing.version_of(schedule)
    again = ScheduleForm(request.tenant, grants, _members(request), data, initial=initial, quiet=True, linked=form.linked)
    return Editing(again, conflict=told or (Difference(_("Something that is not shown here"), ""),), status=409)


@require_POST
@tenant_page("schedules.manage")
def preview(request: TenantRequest) -> HttpResponse:
    """The part of the page beside the form, of what is typed so far. Stores nothing."""
    grants = _grants(request)
    if not grants:
        return HttpResponse(status=204)
    initial, stored = {"report": request.POST.get("report", ""), "timezone": request.tenant.timezone}, _stored(request)
    linked = stored is not None and stored.template_id is not None
    if stored is not None and linked:
        initial = initial_of(stored, [], [])
    form = ScheduleForm(request.tenant, grants, _members(request), request.POST, initial=initial, quiet=True, linked=linked)
    return render(request, "portal/_schedule_preview.html", {"preview": preview_of(request.tenant, form, stored, now=timezone.now())})


def _stored(request: TenantRequest) -> Schedule | None:
    """The one that is changed, whose other audiences count too; None for a new one."""
    try:
        pk = uuid.UUID(request.GET.get("schedule", ""))
    except ValueError:
        return None
    found = Schedule.objects.for_tenant(request.tenant).filter(pk=pk).first()
    if found is not None:
        found.tenant = request.tenant
    return found


def _grants(request: TenantRequest) -> list[Grant]:
    return list(Grant.objects.for_tenant(request.tenant).active().with_report())


def _members(request: TenantRequest) -> list[User]:
    people = User.objects.filter(memberships__tenant=request.tenant, is_active=True)
    return list(people.only("email", "name").order_by("name", "email"))


def _whom(schedule: Schedule) -> tuple[list[str], list[uuid.UUID]]:
    """Who gets the company's own rows: people and groups, and destinations."""
    audience = Audience.objects.filter(tenant=schedule.tenant, schedule=schedule, name=editing.DEFAULT_AUDIENCE).first()
    if audience is not None:
        audience.tenant = schedule.tenant
    return addressees.lines_of(audience), choosing.of_audience(audience)
