"""One company in the queue, as platform staff see it: what it has waiting, and clearing its queue."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors, queue_rows
from portal.pages import SeeOther
from portal.queue_forms import ReasonForm
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from reports import clearing
from reports.models import Pause, Report
from tenants.models import Tenant
from tenants.scope import staff_scope


@require_safe
@staff_page("queue.view")
def tenant(request: StaffRequest, tenant: str) -> HttpResponse:
    found = get_object_or_404(queue_rows.tenants(), slug=tenant)
    reports = queue_rows.waiting_by_report(found)
    context = {
        "tenant": found,
        "reports": reports,
        "is_cut": sum(row["jobs"] for row in reports) >= queue_rows.READ_UP_TO,
        "pause": Pause.objects.filter(kind=Pause.Kind.TENANT, tenant=found).first(),
    }
    return render(request, "staff/queue_tenant.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("queue.manage", scoped=False)
def clear(request: StaffRequest, tenant: str) -> HttpResponse:
    """Asks first; `?report=` narrows it to one. Jobs are the company's, so they are counted and cancelled inside it, some at a time."""
    now = timezone.now()
    asked = request.POST if request.method == "POST" else request.GET
    with staff_scope(request.user):
        found = get_object_or_404(Tenant, slug=tenant)
        report = _report(asked.get("report", ""))
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        because = form.cleaned_data["because"]
        count = clearing.clear(tenant=found, report=report, actor=actors.member(request), because=because, now=now)
        messages.success(request, ngettext("%(n)d job was cancelled.", "%(n)d jobs were cancelled.", count) % {"n": count})
        return SeeOther(reverse("staff_queue_tenant", args=[found.slug]))
    count = clearing.count(tenant=found, report=report)
    back = reverse("staff_queue_tenant", args=[found.slug])
    context: dict[str, Any] = {"tenant": found, "of": report or found, "facts": _facts(report), "count": count, "form": form, "back": back}
    return render(request, "staff/queue_clear.html", context, status=422 if form.errors else 200)


def _report(slug: str) -> Report | None:
    if "\0" in slug:
        raise Http404("no such report")
    return get_object_or_404(Report, slug=slug) if slug else None


def _facts(report: Report | None) -> dict[str, str]:
    return {"report": report.slug} if report else {}
