"""Pages of a list by key: the address names the row it starts after, so a list that grows meanwhile repeats and skips nothing."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.http import Http404, QueryDict

from tenants.secrets import is_storable

SIZE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Page:
    """`older` and `newer` are query strings that keep the filters; empty at the ends."""

    rows: list[Any]
    older: str
    newer: str
    size: int


def page_of(
    found: QuerySet[Any],
    query: QueryDict,
    *,
    size: int = SIZE,
    draw: Callable[[Any], QuerySet[Any]] = QuerySet.all,
    by: str = "created_at",
) -> Page:
    """Newest first by the time `by` and `id`. `draw` gets the rows in order and cut. Raises Http404 for a key that is none."""
    before, after = query.get("before", ""), query.get("after", "")
    if after:
        rows = list(draw(found.filter(_beyond(after, "gt", by)).order_by(by, "id")[: size + 1]))
        more_older, more_newer = True, len(rows) > size
        rows = rows[:size][::-1]
    else:
        older = found.filter(_beyond(before, "lt", by)) if before else found
        rows = list(draw(older.order_by(f"-{by}", "-id")[: size + 1]))
        more_older, more_newer = len(rows) > size, bool(before)
        rows = rows[:size]
    return Page(
        rows,
        older=_query(query, before=key_of(rows[-1], by)) if rows and more_older else "",
        newer=_query(query, after=key_of(rows[0], by)) if rows and more_newer else "",
        size=size,
    )


def page_by(found: QuerySet[Any], query: QueryDict, column: str, *, size: int = SIZE) -> Page:
    """By a unique column of text, from A to Z: `older` is the next page, `newer` the one before. Raises Http404 for what is no text."""
    before, after = query.get("before", ""), query.get("after", "")
    if not is_storable(before + after):
        raise Http404("not a key of this list")
    if before:
        rows = list(found.filter(**{f"{column}__lt": before}).order_by(f"-{column}")[: size + 1])
        more_next, more_previous = True, len(rows) > size
        rows = rows[:size][::-1]
    else:
        rest = found.filter(**{f"{column}__gt": after}) if after else found
        rows = list(rest.order_by(column)[: size + 1])
        more_next, more_previous = len(rows) > size, bool(after)
        rows = rows[:size]
    return Page(
        rows,
        older=_query(query, after=getattr(rows[-1], column)) if rows and more_next else "",
        newer=_query(query, before=getattr(rows[0], column)) if rows and more_previous else "",
        size=size,
    )


def key_of(row: Any, by: str = "created_at") -> str:
    """Microseconds, not a float: two rows of one second must not swap."""
    return f"{(getattr(row, by) - EPOCH) // timedelta(microseconds=1)}-{row.pk.hex}"


def _beyond(key: str, side: str, by: str) -> Q:
    try:
        microseconds, _, identifier = key.partition("-")
        at, pk = EPOCH + timedelta(microseconds=int(microseconds)), uuid.UUID(identifier)
    except (ValueError, OverflowError):
        raise Http404("not a key of this list") from None
    # The first condition alone bounds the index; with an OR at the top every row before it would be read.
    return Q(**{f"{by}__{side}e": at}) & (Q(**{f"{by}__{side}": at}) | Q(**{f"pk__{side}": pk}))


def _query(query: QueryDict, **key: str) -> str:
    changed = query.copy()
    for name in ("before", "after"):
        changed.pop(name, None)
    changed.update(key)
    return changed.urlencode()
