"""To whom a job's files went, and which members took them: drawn on its page from the statement that finds the job.

As JSON in that statement, as the timeline is: the page of a delivered job already asks as much as a page may.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject

from reports.models import Delivery, Download, Link, SnapshotJob

SHOWN = 50


@dataclass(frozen=True)
class Sent:
    """One delivery, as far as the page shows it; `failure_code` has words in reports/delivery/failures.py.

    `destination`: the name of one; None: to an address, or it was deleted.
    `link_status` is one of Link.Status, empty: it never had a link. `last_download_at` None: not downloaded.
    """

    address: str
    name: str
    status: str
    failure_code: str
    tries: int
    maybe_twice: bool
    channel: str = Delivery.Channel.EMAIL
    destination: str | None = None
    link_status: str = ""
    uses: int = 0
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_download_at: datetime | None = None


def with_deliveries(jobs: QuerySet[SnapshotJob]) -> QuerySet[Any]:
    """`delivered`: of each of the first SHOWN addresses a row for `sent`; `deliveries_count`; `taken_by`: members, newest first."""
    deliveries = Delivery.objects.filter(tenant=OuterRef("tenant"), job=OuterRef("pk"))
    links = Link.objects.with_last_download().filter(tenant=OuterRef("tenant"), delivery=OuterRef("pk")).order_by("-created_at")
    columns = ("uses", "max_uses", "expires_at", "revoked_at", "last_download_at")
    link = links.values(row=JSONObject(**{name: name for name in columns}))[:1]
    shown = deliveries.order_by("address").annotate(newest_link=Subquery(link))
    row = {name: name for name in ("address", "name", "status", "failure_code", "tries", "maybe_twice", "channel")}
    row |= {"link": "newest_link", "destination": "destination__name"}
    members = Download.objects.filter(tenant=OuterRef("tenant"), file__job=OuterRef("pk"), user__isnull=False)
    taken = members.values("actor").annotate(last=Max("at")).order_by("-last").values(row=JSONObject(actor="actor", at="last"))
    return jobs.annotate(
        delivered=ArraySubquery(shown.values(row=JSONObject(**row))[:SHOWN]),
        deliveries_count=Coalesce(Subquery(deliveries.values("job").annotate(count=Count("pk")).values("count")), 0),
        taken_by=ArraySubquery(taken[:SHOWN]),
    )


def sent(rows: list[dict[str, Any]], now: datetime) -> list[Sent]:
    """Of a job's `delivered`."""
    return [Sent(**{name: value for name, value in row.items() if name != "link"}, **_link(row["link"], now)) for row in rows]


def _link(row: dict[str, Any] | None, now: datetime) -> dict[str, Any]:
    if row is None:
        return {}
    times = {name: row[name] and datetime.fromisoformat(row[name]) for name in ("expires_at", "revoked_at", "last_download_at")}
    link = Link(uses=row["uses"], max_uses=row["max_uses"], expires_at=times["expires_at"], revoked_at=times["revoked_at"])
    return {"link_status": link.status(now), "uses": link.uses} | times
