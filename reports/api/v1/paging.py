"""Pages of a list by key: new rows never shift a page, and the last page costs what the first one does.

REST framework's own cursor takes its place from a time alone, and of rows of one time it repeats some and loses others.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.db.models import Q, QuerySet
from rest_framework.request import Request

from reports.refused import Refused

LIMIT, MOST = 50, 200
SALT = "reports.api.v1.paging"
NEXT, PREVIOUS = "n", "p"
MAX_CURSOR = 1000


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    # Addresses of the pages beside it; None: there is none.
    next: str | None
    previous: str | None

    def links(self) -> str:
        """RFC 8288; empty: this is all."""
        named = ((self.next, "next"), (self.previous, "prev"))
        return ", ".join(f'<{address}>; rel="{name}"' for address, name in named if address)


@dataclass(frozen=True)
class Place:
    """Between two rows: `at` and `id` of one, and on which side of it to read."""

    side: str
    at: datetime
    id: uuid.UUID


def page(
    rows: QuerySet[Any],
    request: Request,
    owner: uuid.UUID,
    *,
    by: str,
    newest_first: bool,
    limit: int,
    draw: Callable[[QuerySet[Any]], Iterable[Any]] = QuerySet.all,
) -> Page:
    """`owner`: the tenant. `draw` gets the rows in order and cut, to read what belongs to them. Raises Refused for a cursor that is none of
    this list's."""
    place = _read(request, owner)
    forward = place is None or place.side == NEXT
    descending = newest_first == forward
    if place is not None:
        rows = rows.filter(_beyond(by, "lt" if descending else "gt", place))
    sign = "-" if descending else ""
    found = list(draw(rows.order_by(f"{sign}{by}", f"{sign}id")[: limit + 1]))
    more, shown = len(found) > limit, found[:limit] if forward else found[:limit][::-1]
    more_next, more_previous = (more, place is not None) if forward else (True, more)
    return Page(
        shown,
        _address(request, owner, NEXT, shown[-1], by) if shown and more_next else None,
        _address(request, owner, PREVIOUS, shown[0], by) if shown and more_previous else None,
    )


def _beyond(by: str, side: str, place: Place) -> Q:
    # The first condition alone bounds the index; with an OR at the top every row before it would be read.
    return Q(**{f"{by}__{side}e": place.at}) & (Q(**{f"{by}__{side}": place.at}) | Q(**{f"id__{side}": place.id}))


def _read(request: Request, owner: uuid.UUID) -> Place | None:
    cursor = request.GET.get("cursor")
    if cursor is None:
        return None
    try:
        side, at, id, list_of = signing.loads(cursor, salt=SALT)
    except (signing.BadSignature, ValueError):
        list_of = ""
    if list_of != _list(request, owner):
        raise Refused("invalid_cursor", "The cursor does not continue this list. Take `next` or `previous` of an answer as it is.")
    return Place(side, datetime.fromisoformat(at), uuid.UUID(id))


def _address(request: Request, owner: uuid.UUID, side: str, row: Any, by: str) -> str:
    cursor = signing.dumps([side, getattr(row, by).isoformat(), str(row.pk), _list(request, owner)], salt=SALT)
    query = {name: value for name, value in request.GET.items() if name != "cursor"}
    return f"{settings.PORTAL_BASE_URL}{request.path}?{urlencode(query | {'cursor': cursor})}"


def _list(request: Request, owner: uuid.UUID) -> str:
    """What a cursor is bound to: whose list, and which rows in which order. How many at once and which fields may change."""
    chosen = sorted((name, value) for name, value in request.GET.items() if name not in ("cursor", "limit", "fields"))
    return hashlib.sha256(f"{owner} {request.path.rstrip('/')} {chosen}".encode()).hexdigest()[:16]
