"""`ETag`, `If-Match` and `If-None-Match` (RFC 9110, section 13): versions that the database counts, see Schedule.version."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from reports.api.v1.problems import Stale

ANY = "*"


class Versioned(Protocol):
    pk: Any
    version: int


M = TypeVar("M", bound=Model)


def etag(row: Versioned) -> str:
    return f'"{row.pk.hex[:8]}-{row.version}"'


def is_known(request: Request, tag: str) -> bool:
    """Whether the reader has this version: 304."""
    return _names(request.headers.get("If-None-Match"), tag)


def hold(request: Request, rows: QuerySet[M], found: M) -> M:
    """The row, locked until the transaction's end, as it is now. Without If-Match the last writer wins. Raises Stale, NotFound."""
    held = rows.select_for_update(of=("self",), no_key=True).filter(pk=found.pk).first()
    if held is None:
        raise NotFound
    sent = request.headers.get("If-Match")
    if sent is not None and not _names(sent, etag(held)):  # type: ignore[arg-type]
        raise Stale(etag(held))  # type: ignore[arg-type]
    return held


def _names(header: str | None, tag: str) -> bool:
    """Of several tags one; `W/` in front is ignored, since proxies that compress add it."""
    tags = [part.strip().removeprefix("W/") for part in (header or "").split(",")]
    return ANY in tags or tag in tags
