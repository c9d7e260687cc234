"""Cancelling all jobs of a company that wait, or those of one report or schedule: first how many they are, then the button that says so."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.pages import SeeOther, enters_itself, inside
from portal.queue_forms import ReasonForm
from portal.requests import TenantRequest
from reports import clearing
from reports.models import Report, Schedule


@dataclass(frozen=True)
class Which:
    """`facts`: what names them in the address."""

    title: str
    facts: dict[str, str] = field(default_factory=dict)
    report: Report | None = None
    schedule: Schedule | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@enters_itself("jobs.clear")
def clear(request: TenantRequest, slug: str) -> HttpResponse:
    """`?report=` or `?schedule=` narrows it to one. They are cancelled outside of the request's scope, some at a time."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    back = reverse("jobs", args=[slug])
    with inside(request, slug, "jobs.clear"):
        which = _which(request, request.POST if request.method == "POST" else request.GET)
        of: dict[str, Any] = {"tenant": request.tenant, "report": which.report, "schedule": which.schedule}
        if request.method != "POST" or not form.is_valid():
            context = {"of": which.title, "facts": which.facts, "count": clearing.count(**of), "form": form, "back": back}
            return render(request, "portal/jobs_clear.html", context, status=422 if form.errors else 200)
    count = clearing.clear(**of, actor=actors.member(request), because=form.cleaned_data["because"], now=timezone.now())
    messages.success(request, ngettext("%(n)d job was cancelled.", "%(n)d jobs were cancelled.", count) % {"n": count})
    return SeeOther(back)


def _which(request: TenantRequest, asked: QueryDict) -> Which:
    """Raises Http404 for a report or schedule that the company does not have."""
    if report := asked.get("report", "").replace("\0", ""):
        found = get_object_or_404(Report, grants__tenant=request.tenant, slug=report)
        return Which(found.name, {"report": found.slug}, report=found)
    if schedule := asked.get("schedule", "").replace("\0", ""):
        planned = get_object_or_404(Schedule.objects.for_tenant(request.tenant).select_related("report"), slug=schedule)
        planned.tenant = request.tenant
        return Which(planned.title, {"schedule": planned.slug}, schedule=planned)
    return Which(_("All reports"))
