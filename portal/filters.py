"""What a list is narrowed to: the state chosen above it and the words searched for. The address is the whole truth about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.functional import Promise

MAX_SEARCH = 200
COUNTED_UP_TO = 99


@dataclass(frozen=True)
class State:
    """One entry of the row above a list. `query` is its address."""

    word: str | Promise
    query: str
    current: bool
    count: str = ""


@dataclass(frozen=True)
class Filters:
    query: str
    status: str
    report: str
    words: str

    @property
    def narrow(self) -> bool:
        return bool(self.query or self.status or self.report)


def read(query: QueryDict, states: Sequence[tuple[str, str | Promise]]) -> Filters:
    """An unknown state counts as none: the row above the list shows what is in force."""
    search = query.get("q", "").replace("\0", "").strip()[:MAX_SEARCH]
    status = query.get("status", "")
    known = dict(states)
    status = status if status in known else ""
    report = query.get("report", "").replace("\0", "")
    said = [f"“{search}”" if search else "", str(known[status]) if status else "", report]
    return Filters(search, status, report, ", ".join(word for word in said if word))


def count_of(found: QuerySet[Any]) -> str:
    """A number for people, empty for none. Bounded: to count a quarter of a million waiting jobs takes most of a second."""
    count = found[: COUNTED_UP_TO + 1].count()
    return f"{COUNTED_UP_TO}+" if count > COUNTED_UP_TO else str(count or "")


def states_row(query: QueryDict, states: Sequence[tuple[str, str | Promise]], current: str, counts: dict[str, str]) -> list[State]:
    return [State(word, _only(query, value), value == current, counts.get(value, "")) for value, word in states]


def _only(query: QueryDict, status: str) -> str:
    changed = query.copy()
    for name in ("before", "after", "status"):
        changed.pop(name, None)
    if status:
        changed["status"] = status
    return changed.urlencode()
