"""All companies, as platform staff find one: by name or by how busy they are, narrowed to those that something is wrong with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal import filters, queue_rows, tenant_rows
from portal.paging import Page, page_by
from portal.requests import StaffRequest
from portal.staff_pages import staff_page

BUSIEST = "busiest"
SORTS = (("", _("By short name")), (BUSIEST, _("Busiest first")))
SIZE = 50


@dataclass(frozen=True)
class Sort:
    word: str | Promise
    query: str
    current: bool


@require_safe
@staff_page("tenants.view")
def tenants(request: StaffRequest) -> HttpResponse:
    """`?status=` of portal.tenant_rows.STATES, `?sort=busiest`, `?q=`."""
    search = filters.read(request.GET, tenant_rows.STATES)
    found = tenant_rows.matching(search.query, search.status)
    sort = BUSIEST if request.GET.get("sort") == BUSIEST else ""
    page = _by_load(found, request.GET) if sort else page_by(found, request.GET, "slug", size=SIZE)
    context = {
        "page": page,
        "tenants": tenant_rows.with_today(page.rows, timezone.now()),
        "filters": search,
        "states": filters.states_row(request.GET, tenant_rows.STATES, search.status, {}),
        "sorts": [Sort(word, _sorted_by(request.GET, value), value == sort) for value, word in SORTS],
        "sort": sort,
    }
    return render(request, "staff/tenants.html", context)


def _by_load(found: QuerySet[Any], query: QueryDict) -> Page:
    """Forward only, as the queue's own page: who is busiest changes while one reads."""
    rows = list(queue_rows.beyond(found, query.get("after", ""))[: SIZE + 1])
    more = ""
    if len(rows) > SIZE:
        changed = query.copy()
        changed["after"] = queue_rows.key_of(rows[SIZE - 1])
        more = changed.urlencode()
    return Page(rows[:SIZE], older=more, newer="", size=SIZE)


def _sorted_by(query: QueryDict, sort: str) -> str:
    changed = query.copy()
    for name in ("before", "after", "sort"):
        changed.pop(name, None)
    if sort:
        changed["sort"] = sort
    return changed.urlencode()
