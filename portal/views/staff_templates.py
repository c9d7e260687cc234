"""Templates over tenants: all of them, one with its tenants, writing one, and taking one away."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors, template_rows
from portal.pages import SeeOther
from portal.paging import page_by
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from portal.template_form import ReportForm, TemplateForm
from reports.models import Report, ScheduleTemplate
from reports.refused import Refused
from reports.templates import changing, making

SIZE = 50
PREVIEW = "preview"


@require_safe
@staff_page("templates.view")
def templates(request: StaffRequest) -> HttpResponse:
    page = page_by(template_rows.with_counts(ScheduleTemplate.objects.kept()), request.GET, "slug", size=SIZE)
    return render(request, "staff/templates.html", {"page": page})


@require_safe
@staff_page("templates.view")
def template(request: StaffRequest, template: str) -> HttpResponse:
    found = get_object_or_404(template_rows.with_counts(ScheduleTemplate.objects.kept()), slug=template)
    page = page_by(template_rows.uses(found), request.GET, "slug", size=SIZE)
    context = {
        "template": found,
        "page": page,
        "runs": template_rows.next_runs(found, template_rows.zones_of(found), timezone.now()),
    }
    return render(request, "staff/template.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("templates.manage")
def new(request: StaffRequest) -> HttpResponse:
    """`?report=` says of which; without it, that is asked first."""
    reports = list(Report.objects.filter(retired_at=None).order_by("name", "slug"))
    report = next((report for report in reports if report.slug == request.GET.get("report")), None)
    if report is None:
        return render(request, "staff/template_report.html", {"form": ReportForm(reports), "reports": reports})
    form = TemplateForm(report, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid() and PREVIEW not in request.POST:
        try:
            made = making.make(form.values() | {"report": report.slug}, request.user, actors.member(request), timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("“%(name)s” is saved. Choose who gets it.") % {"name": made.name})
            return SeeOther(reverse("staff_template_tenants", args=[made.slug]))
    return _page(request, form, None)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("templates.manage")
def edit(request: StaffRequest, template: str) -> HttpResponse:
    found = find(template)
    form = TemplateForm(found.report, request.POST if request.method == "POST" else None, template=found)
    if request.method == "POST" and form.is_valid() and PREVIEW not in request.POST:
        try:
            seen = form.cleaned_data["version"] or 0
            changing.change(found, seen, form.values(), actors.member(request), timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("“%(name)s” is saved, and on its way to its tenants.") % {"name": form.cleaned_data["name"]})
            return SeeOther(reverse("staff_template", args=[found.slug]))
    return _page(request, form, found)


def _page(request: StaffRequest, form: TemplateForm, found: ScheduleTemplate | None) -> HttpResponse:
    """With the next runs of what is typed, where that can be read."""
    zones = template_rows.zones_of(found) if found else ["UTC"]
    typed = ScheduleTemplate(report=form.report, cron=_cron(form, found))
    context = {"form": form, "template": found, "runs": template_rows.next_runs(typed, zones, timezone.now())}
    failed = form.errors and PREVIEW not in request.POST
    return render(request, "staff/template_edit.html", context, status=422 if failed else 200)


def _cron(form: TemplateForm, found: ScheduleTemplate | None) -> str:
    if form.is_bound:
        return str(form.values()["cron"])
    return found.cron if found else ""


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("templates.manage")
def remove(request: StaffRequest, template: str) -> HttpResponse:
    found = find(template)
    if request.method == "POST":
        number = changing.retire(found, actors.member(request), timezone.now())
        told = ngettext(
            "“%(name)s” was removed, with the schedule of %(n)d tenant.",
            "“%(name)s” was removed, with the schedules of %(n)d tenants.",
            number,
        )
        messages.success(request, told % {"name": found.name, "n": number})
        return SeeOther(reverse("staff_templates"))
    counts: Any = template_rows.with_counts(ScheduleTemplate.objects.filter(pk=found.pk)).get()
    return render(request, "staff/template_remove.html", {"template": found, "tenants": counts.tenants})


def find(slug: str) -> ScheduleTemplate:
    """One that is in use, with its report."""
    return get_object_or_404(ScheduleTemplate.objects.kept().select_related("report"), slug=slug)
