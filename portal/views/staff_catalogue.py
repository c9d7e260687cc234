"""The catalogue as platform staff see it: every report, whether its rows are held back, and which company has it."""

from __future__ import annotations

import uuid
from collections import defaultdict

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import filters
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from reports.models import CatalogueImport, Grant, Report


@require_safe
@staff_page("catalogue.view")
def catalogue(request: StaffRequest) -> HttpResponse:
    search = filters.read(request.GET, ()).query
    reports = Report.objects.filter(retired_at=None).select_related("account").order_by("name", "slug")
    tenants = _tenants_by_report()
    found = [(report, tenants[report.pk]) for report in reports.filter(name__icontains=search)]
    drafts = CatalogueImport.objects.drafts().count()
    is_empty = not found and not (search and reports.exists())
    context = {"reports": found, "is_empty": is_empty, "query": search, "drafts": drafts}
    return render(request, "staff/catalogue.html", context)


def _tenants_by_report() -> defaultdict[uuid.UUID, list[str]]:
    """Names of the companies that are offered each report."""
    by_report: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    for report, tenant in Grant.objects.filter(withdrawn_at=None).values_list("report_id", "tenant__name"):
        by_report[report].append(tenant)
    for companies in by_report.values():
        companies.sort()
    return by_report
