"""Who gets which rows of a schedule, and changing it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors
from portal.audience_form import AudienceForm
from portal.offered_names import offered_names
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from portal.views.schedules import find
from reports.models import Audience, Schedule
from reports.refused import Refused
from reports.schedules import addressees
from reports.schedules import audiences as domain
from reports.schedules.audiences import Through


@dataclass(frozen=True)
class Row:
    """An audience as the list shows it: what its rows come through, and how many people that are."""

    audience: Audience
    people: int
    groups: list[str]


@require_safe
@tenant_page("schedules.view")
def audiences(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    return _page(request, find(request, schedule))


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("schedules.manage")
def new(request: TenantRequest, schedule: uuid.UUID) -> HttpResponse:
    return _changed(request, find(request, schedule), None)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("schedules.manage")
def change(request: TenantRequest, schedule: uuid.UUID, audience: uuid.UUID) -> HttpResponse:
    found = find(request, schedule)
    return _changed(request, found, _audience(found, audience))


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("schedules.manage")
def remove(request: TenantRequest, schedule: uuid.UUID, audience: uuid.UUID) -> HttpResponse:
    """Asks first: its people and its tags would have to be typed again. Pressed twice, the second one finds it done."""
    found = find(request, schedule)
    if not Audience.objects.filter(tenant=request.tenant, schedule=found, pk=audience).exists():
        return SeeOther(_address(request, found))
    chosen = _audience(found, audience)
    if request.method != "POST":
        return render(request, "portal/schedule_audience_remove.html", {"schedule": found, "audience": chosen})
    domain.remove(chosen, actors.member(request), now=timezone.now())
    messages.success(request, _("“%(name)s” gets nothing from this schedule any more.") % {"name": _name(chosen)})
    return SeeOther(_address(request, found))


def _changed(request: TenantRequest, schedule: Schedule, audience: Audience | None) -> HttpResponse:
    keys = domain.narrowing_keys(request.tenant, schedule.report)
    form = AudienceForm(request.tenant, keys, audience, addressees.lines_of(audience), request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            saved = _save(request, schedule, audience, form)
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": _name(saved)})
            return SeeOther(_address(request, schedule))
    return _page(request, schedule, form=form, audience=audience, status=422 if form.errors else 200)


def _save(request: TenantRequest, schedule: Schedule, audience: Audience | None, form: AudienceForm) -> Audience:
    cleaned = form.cleaned_data
    return domain.save(
        schedule,
        actors.member(request),
        audience=audience,
        name=cleaned.get("name", ""),
        session_tags=form.session_tags(),
        people=addressees.read(request.tenant, cleaned["recipients"]),
        destinations=form.destinations(request.tenant),
        now=timezone.now(),
    )


def _page(
    request: TenantRequest, schedule: Schedule, *, form: AudienceForm | None = None, audience: Audience | None = None, status: int = 200
) -> HttpResponse:
    ways = domain.who_gets(schedule)
    person = request.GET.get("person", "").replace("\0", "").strip().lower()[:254]
    context: dict[str, Any] = {
        "schedule": schedule,
        "rows": _rows(schedule, ways),
        "people": len({way.email for way in ways}),
        "sets": len({tuple(sorted(row.audience.session_tags.items())) for row in _rows(schedule, ways)}),
        "doubled": _doubled(ways),
        "person": person,
        "found": [way for way in ways if person and (person in way.email or person in way.name.lower())][:20],
        "form": form,
        "audience": audience,
        "company_tags": list(domain.company_tags(request.tenant).items()),
        "own_tags": list((audience.session_tags if audience else {}).items()),
        "known": offered_names(request.tenant) if form else [],
        "may_manage": request.may("schedules.manage"),
    }
    return render(request, "portal/schedule_audiences.html", context, status=status)


def _rows(schedule: Schedule, ways: list[Through]) -> list[Row]:
    people: dict[uuid.UUID, set[str]] = {}
    groups: dict[uuid.UUID, set[str]] = {}
    for way in ways:
        people.setdefault(way.audience.pk, set()).add(way.email)
        if way.group:
            groups.setdefault(way.audience.pk, set()).add(way.group)
    listed = Audience.objects.filter(tenant=schedule.tenant, schedule=schedule).order_by("name")
    return [Row(audience, len(people.get(audience.pk, ())), sorted(groups.get(audience.pk, ()))) for audience in listed]


def _doubled(ways: list[Through]) -> list[tuple[str, list[str]]]:
    """Who gets more than one set of rows, with the names of the audiences."""
    found: dict[str, set[str]] = {}
    for way in ways:
        found.setdefault(way.email, set()).add(_name(way.audience))
    return sorted((email, sorted(names)) for email, names in found.items() if len(names) > 1)


def _audience(schedule: Schedule, pk: uuid.UUID) -> Audience:
    found = get_object_or_404(Audience.objects.filter(tenant=schedule.tenant, schedule=schedule), pk=pk)
    found.tenant, found.schedule = schedule.tenant, schedule
    return found


def _name(audience: Audience) -> str:
    return audience.name or _("All rows")


def _address(request: TenantRequest, schedule: Schedule) -> str:
    return reverse("schedule_audiences", args=[request.tenant.slug, schedule.pk])
