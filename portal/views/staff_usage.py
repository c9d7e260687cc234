"""What all companies used in a month, as platform staff see it: counts by the day, and no content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal import usage_rows
from portal.csv_answers import as_csv
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from reports import usage as domain

# What a page shows of them; a file has all.
SHOWN = 500
NAME = "name"
COLUMNS: dict[str, str | Promise] = {
    "jobs": gettext_lazy("Jobs"),
    "failed": gettext_lazy("Failed"),
    "report_units": gettext_lazy("Report units"),
    "downloads": gettext_lazy("Downloads"),
    "deliveries": gettext_lazy("Emails"),
    "stored_bytes": gettext_lazy("Stored"),
}


@dataclass(frozen=True)
class Head:
    """Of a column. `query`: the address that sorts by it; `sorted`: as ARIA says it, empty where another one is sorted by."""

    word: str | Promise
    query: str
    sorted: str


@require_safe
@staff_page("usage.view_all")
def usage(request: StaffRequest) -> HttpResponse:
    """`?sort=jobs` has the least first, `-jobs` the most."""
    today = timezone.localdate()
    first = usage_rows.month_asked(request.GET, today)
    sort = _sort(request.GET.get("sort", "-jobs"))
    rows = _rows(first, sort)
    month = f"{first:%Y-%m}"
    context = {
        "month": month,
        "months": usage_rows.months(domain.first_month_of_all(today), today, first),
        "rows": rows[:SHOWN],
        "more": max(0, len(rows) - SHOWN),
        "shown": SHOWN,
        "totals": {name: sum(row[name] for row in rows) for name in COLUMNS},
        "counted_at": max((row["counted_at"] for row in rows if row["counted_at"]), default=None),
        "heads": [_head(name, word, sort, month) for name, word in {NAME: _("Tenant"), **COLUMNS}.items()],
        "sort": sort,
    }
    return render(request, "staff/usage.html", context)


@require_safe
@staff_page("usage.view_all")
def export(request: StaffRequest) -> HttpResponse:
    first = usage_rows.month_asked(request.GET, timezone.localdate())
    heads = [_("Tenant"), _("Short name"), *(str(word) for word in usage_rows.HEADS.values())]
    rows = ([row["name"], row["slug"], *(row[name] for name in usage_rows.HEADS)] for row in _rows(first, NAME))
    return as_csv(f"usage-{first:%Y-%m}.csv", heads, rows)


def _sort(asked: str) -> str:
    return asked if asked.removeprefix("-") in (NAME, *COLUMNS) else "-jobs"


def _rows(first: Any, sort: str) -> list[dict[str, Any]]:
    """By name where they are alike."""
    rows = sorted(domain.of_all_tenants(first), key=lambda row: row["name"].casefold())
    name = sort.removeprefix("-")
    if name == NAME:
        return rows[::-1] if sort.startswith("-") else rows
    return sorted(rows, key=lambda row: row[name], reverse=sort.startswith("-"))


def _head(name: str, word: str | Promise, sort: str, month: str) -> Head:
    """A second press turns the order round. Of numbers the most come first."""
    first, second = (name, f"-{name}") if name == NAME else (f"-{name}", name)
    asked = second if sort == first else first
    order = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    return Head(word, urlencode({"month": month, "sort": asked}), order)
