"""Companies by name or short name, and the company that a job is of by the beginning of its id."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal import filters
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from reports.models import SnapshotJob
from reports.searching import FEW, LEAST, LEAST_OF_AN_ID
from tenants.models import Tenant


@require_safe
@staff_page("tenants.view")
def search(request: StaffRequest) -> HttpResponse:
    words = filters.read(request.GET, ()).query
    asked = len(words) >= LEAST
    tenants = list(Tenant.objects.filter(Q(name__icontains=words) | Q(slug__icontains=words)).order_by("slug")[: FEW + 1]) if asked else []
    context = {
        "words": words,
        "asked": asked,
        "least": LEAST,
        "tenants": tenants[:FEW],
        "more": len(tenants) > FEW,
        "jobs": _jobs(words),
    }
    return render(request, "staff/search.html", context)


def _jobs(words: str) -> list[SnapshotJob]:
    """Only what staff may read of a job: whose it is, when it was asked for and where it stands."""
    if len(words.replace("-", "")) < LEAST_OF_AN_ID:
        return []
    found = SnapshotJob.objects.with_id_like(words).select_related("tenant").order_by("pk")
    return list(found.only("id", "status", "created_at", "tenant__name", "tenant__slug")[:FEW])
