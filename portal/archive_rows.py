"""The rows of an archive's page: what was sent, week and month on top of each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from math import ceil

from django.http import HttpRequest, HttpResponse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from portal import archive_pages
from portal.live import plain_query
from portal.paging import page_of
from reports import archive
from reports.archive import Row
from reports.models import ArchiveVisit


@dataclass(frozen=True)
class Group:
    title: str
    rows: list[Row]


def page(request: HttpRequest, visit: ArchiveVisit, now: datetime, *, told: str = "") -> HttpResponse:
    """`told`: what became of a button."""
    query = plain_query(request)
    search = query.get("q", "")
    found = archive.matching(archive.sent_to(visit.tenant, visit.email, now), search, now)
    rows = page_of(found, query, draw=archive.drawn)
    groups = grouped(archive.rows_of(rows.rows, now), now)
    left = ceil(((visit.session_ends_at or now) - now).total_seconds() / 60)
    return archive_pages.shown(request, visit, groups=groups, page=rows, search=search, minutes=left, told=told, now=now)


def grouped(rows: Iterable[Row], now: datetime) -> list[Group]:
    """Newest first, as they are."""
    today = timezone.localdate(now)
    return [Group(title, list(group)) for title, group in groupby(rows, lambda row: _title(_day(row), today))]


def _title(day: date, today: date) -> str:
    if day.isocalendar()[:2] == today.isocalendar()[:2]:
        return _("This week")
    if (day.year, day.month) == (today.year, today.month):
        return _("Earlier in %(month)s") % {"month": formats.date_format(day, "F")}
    return formats.date_format(day, "F Y")


def _day(row: Row) -> date:
    return timezone.localdate(row.delivery.sent_at or row.delivery.created_at)
