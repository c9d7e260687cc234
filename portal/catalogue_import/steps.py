"""Where a draft stands on its way into the catalogue, and the dashboards it could be made of, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal import filters
from reports.models import CatalogueImport

DASHBOARDS_A_PAGE = 20
# Where one was chosen, the others stand in the way of its parameters.
BESIDE_A_CHOSEN_ONE = 5
# Each step with the faults that hold it open.
STEPS = (
    (_("Dashboard"), ()),
    (_("Sheet and visuals"), ("sheet",)),
    (_("Parameters"), ("parameters",)),
    (_("Row rules"), ("rows",)),
    (_("Grant"), ("entry", "grant")),
)


@dataclass(frozen=True)
class Step:
    number: int
    word: str | Promise
    done: bool
    current: bool


def steps(draft: CatalogueImport) -> list[Step]:
    """Done in order: the first that is not is where we are, whatever comes after it. The last is done by publishing."""
    open_at = {fault["at"] for fault in draft.verdict.get("faults", [])}
    done = [bool(draft.verdict) and not open_at.intersection(parts) for _word, parts in STEPS]
    done[3] = done[3] and draft.is_agreed
    done[4] = draft.published_at is not None
    before = done.index(False) if False in done else len(done)
    return [Step(number, word, number <= before, number == before + 1) for number, (word, _parts) in enumerate(STEPS, 1)]


@dataclass(frozen=True)
class Dashboards:
    """`after` is the query string of the next page; empty at the end. `narrowed`: a search or a page is in force."""

    rows: list[dict[str, Any]]
    query: str
    found: int
    after: str
    narrowed: bool


def dashboards_page(draft: CatalogueImport, query: QueryDict) -> Dashboards:
    """All but the chosen one, by name. The key of a page is the dashboard it starts after."""
    search, after = filters.read(query, ()).query, query.get("after", "")
    others = [row for row in draft.dashboards if row["id"] != draft.dashboard_id and _fits(row, search.casefold())]
    first = next((place for place, row in enumerate(others, 1) if row["id"] == after), 0)
    size = BESIDE_A_CHOSEN_ONE if draft.found else DASHBOARDS_A_PAGE
    rows = others[first : first + size]
    more = ""
    if len(others) > first + size:
        changed = query.copy()
        changed["after"] = rows[-1]["id"]
        more = changed.urlencode()
    return Dashboards(rows, search, len(others), more, narrowed=bool(search or first))


def _fits(row: dict[str, Any], search: str) -> bool:
    return search in row["name"].casefold() or search in row["id"].casefold()
