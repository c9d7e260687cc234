"""Everything of a company that has some words in it: a few of each kind, and the way to the whole list with the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal import filters
from portal.job_rows import for_pages
from portal.pages import tenant_page
from portal.requests import TenantRequest
from reports import searching

REPORTS, SCHEDULES, JOBS, RECIPIENTS, LINKS = "reports", "schedules", "jobs", "recipients", "links"
# In this order on the page; each is also the name of its list, which `<kind>.view` opens.
KINDS: dict[str, tuple[str | Promise, str | Promise]] = {
    REPORTS: (_("Reports"), _("All reports found")),
    SCHEDULES: (_("Schedules"), _("All schedules found")),
    JOBS: (_("Jobs"), _("All jobs found")),
    RECIPIENTS: (_("Recipients"), _("All recipients found")),
    LINKS: (_("Download links"), _("All links found")),
}


@dataclass(frozen=True)
class Group:
    """`url`: of the list with the same words, where there may be more than is shown."""

    kind: str
    title: str | Promise
    all: str | Promise
    rows: Sequence[Any]
    url: str


@require_safe
@tenant_page("search.view")
def search(request: TenantRequest) -> HttpResponse:
    words = filters.read(request.GET, ()).query
    asked = len(words) >= searching.LEAST
    context = {"words": words, "asked": asked, "least": searching.LEAST, "groups": _groups(request, words) if asked else []}
    return render(request, "portal/search.html", context | {"now": timezone.now()})


def _groups(request: TenantRequest, words: str) -> list[Group]:
    """Without the kinds of which nothing is found, and those that the person may not see."""
    tenant, may = request.tenant, {kind for kind in KINDS if request.may(f"{kind}.view")}
    reports = searching.reports(tenant, words)
    people = searching.recipients(tenant, words) if RECIPIENTS in may else []
    found: dict[str, Sequence[Any]] = {
        REPORTS: reports,
        SCHEDULES: searching.schedules(tenant, words) if SCHEDULES in may else [],
        JOBS: list(for_pages(searching.jobs(tenant, words, reports))) if JOBS in may else [],
        RECIPIENTS: people,
        LINKS: searching.links(tenant, words, people) if LINKS in may else [],
    }
    return [_group(tenant.slug, kind, found[kind], words) for kind in KINDS if kind in may and found[kind]]


def _group(slug: str, kind: str, rows: Sequence[Any], words: str) -> Group:
    title, every = KINDS[kind]
    more = f"{reverse(kind, args=[slug])}?{urlencode({'q': words})}" if len(rows) > searching.FEW else ""
    return Group(kind, title, every, rows[: searching.FEW], more)
