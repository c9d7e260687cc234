"""Which tenants a template is for, and what became of its runs in all of them."""

from __future__ import annotations

from datetime import date, timedelta

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors, template_rows
from portal.filters import read, states_row
from portal.pages import SeeOther
from portal.paging import page_of
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from portal.views.staff_templates import find
from reports.models import Occurrence
from reports.refused import Refused
from reports.templates import changing, ledger

ALL = "all"
DAYS = 14
STATES = (("", gettext_lazy("All")), *((status.value, status.label) for status in Occurrence.Status))


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("templates.manage")
def tenants(request: StaffRequest, template: str) -> HttpResponse:
    """Who is taken out loses a schedule: before that it is asked."""
    found = find(template)
    offered = template_rows.candidates(found)
    if request.method != "POST":
        return render(request, "staff/template_tenants.html", {"template": found, "tenants": offered})
    wanted = set(request.POST.getlist("tenant"))
    chosen = [tenant for tenant in offered if tenant.slug in wanted or (ALL in request.POST and tenant.has_report)]
    removed = [tenant for tenant in offered if tenant.chosen and tenant not in chosen]
    if removed and "confirmed" not in request.POST:
        context = {"template": found, "chosen": chosen, "removed": removed}
        return render(request, "staff/template_tenants_confirm.html", context)
    try:
        changing.choose(found, [tenant.pk for tenant in chosen], actors.member(request), timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
        return SeeOther(reverse("staff_templates"))
    messages.success(request, _("Saved. The schedules are made and removed one tenant after the other."))
    return SeeOther(reverse("staff_template", args=[found.slug]))


@require_safe
@staff_page("templates.view")
def runs(request: StaffRequest, template: str) -> HttpResponse:
    """`?day=` on the wall clocks of the tenants, by default the last one with a run; `?status=`."""
    found, search = find(template), read(request.GET, STATES)
    # Somewhere it is tomorrow already.
    days = ledger.days(found, timezone.localdate() + timedelta(days=1), DAYS)
    day = _day(request.GET.get("day", "")) or (days[0].day if days else timezone.localdate())
    page = page_of(ledger.runs(found, day, search.status), request.GET, by="planned_at")
    context = {
        "template": found,
        "days": [template_rows.drawn_day(each) for each in days],
        "day": day,
        "page": page,
        "runs": [template_rows.drawn_run(run) for run in page.rows],
        "states": states_row(request.GET, STATES, search.status, template_rows.counts_on(days, day)),
        "filters": search,
    }
    return render(request, "staff/template_runs.html", context)


def _day(text: str) -> date | None:
    """Raises Http404 for what is no day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Http404("not a day") from None
