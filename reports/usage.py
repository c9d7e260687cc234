"""What a tenant used, by its own days, as it was counted. Plain values, for pages and APIs; reports/recounting.py keeps the counts true."""

from __future__ import annotations

import calendar
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, Max, Min, Q, QuerySet, Sum

from reports.models import DailyUsage, SnapshotFile
from tenants.models import Tenant

# What adds up over days. Storage does not: it is what lies there.
SUMS = ("jobs", "completed", "failed", "report_units", "files", "files_bytes", "downloads", "deliveries")
COLUMNS = (*SUMS, "stored_bytes")
DAY = timedelta(days=1)
MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")


@dataclass(frozen=True)
class Month:
    """`days`: those from which on something was counted, in order. `stored_bytes`: when last counted in it; `counted_at`: that was then.

    `by_report`: jobs by the report's id; `by_start`: by SnapshotJob.Trigger. Both most first.
    """

    first: date
    days: list[DailyUsage]
    totals: dict[str, int]
    stored_bytes: int
    by_report: dict[str, int]
    by_start: dict[str, int]
    counted_at: datetime | None


def day_of(tenant: Tenant, at: datetime) -> date:
    return at.astimezone(tenant.zone).date()


def starts_at(tenant: Tenant, day: date) -> datetime:
    """Where midnight is missing because clocks go forward, the first moment after it."""
    return datetime.combine(day, time(), tenant.zone).astimezone(UTC)


def ends_at(tenant: Tenant, day: date) -> datetime:
    return starts_at(tenant, day + DAY)


def month_of(day: date) -> date:
    return day.replace(day=1)


def read_month(text: str) -> date | None:
    """The first day of `2026-11`; None for what is no month."""
    try:
        return date.fromisoformat(f"{text}-01") if MONTH.fullmatch(text) else None
    except ValueError:
        return None


def days_in(first: date) -> int:
    return calendar.monthrange(first.year, first.month)[1]


def of_month(tenant: Tenant, first: date) -> Month:
    """One statement of at most 31 rows, however many jobs there were. In the tenant's scope."""
    days = list(_in_month(first).filter(tenant=tenant).order_by("day"))
    counted = [day for day in days if day.recounted_at]
    return Month(
        first,
        days,
        {name: sum(getattr(day, name) for day in days) for name in SUMS},
        counted[-1].stored_bytes if counted else 0,
        _added(day.jobs_by_report for day in days),
        _added(day.jobs_by_start for day in days),
        counted[-1].recounted_at if counted else None,
    )


def first_month(tenant: Tenant, now: datetime) -> date:
    """The oldest of which something is known. In the tenant's scope."""
    oldest = DailyUsage.objects.filter(tenant=tenant).aggregate(oldest=Min("day"))["oldest"]
    return month_of(oldest or day_of(tenant, now))


def jobs_on(tenant: Tenant, day: date) -> int:
    return DailyUsage.objects.filter(tenant=tenant, day=day).values_list("jobs", flat=True).first() or 0


def stored_bytes(tenant: Tenant) -> int:
    """As last counted, and what was collected since; what was removed since still counts. In the tenant's scope."""
    counted = DailyUsage.objects.filter(tenant=tenant).exclude(recounted_at=None).order_by("-day").first()
    kept = SnapshotFile.objects.for_tenant(tenant).filter(purged_at=None, job__dry_run_tags__isnull=True)
    if counted is None or counted.recounted_at is None:
        return _bytes(kept)
    return counted.stored_bytes + _bytes(kept.filter(created_at__gt=counted.recounted_at))


def of_all_tenants(first: date) -> list[dict[str, Any]]:
    """For each tenant that something was counted of in the month: `name`, `slug`, SUMS, `stored_bytes` when last counted, `counted_at`.

    In the staff scope.
    """
    newest = ArrayAgg("stored_bytes", filter=~Q(recounted_at=None), order_by="-day", default=[])
    sums = {name: Sum(name) for name in SUMS}
    rows = _in_month(first).values(name=F("tenant__name"), slug=F("tenant__slug"))
    found = rows.annotate(**sums, newest=newest, counted_at=Max("recounted_at"))
    return [row | {"stored_bytes": row["newest"][0] if row["newest"] else 0} for row in found]


def first_month_of_all(today: date) -> date:
    """The oldest of which something is known. In the staff scope."""
    return month_of(DailyUsage.objects.aggregate(oldest=Min("day"))["oldest"] or today)


def _in_month(first: date) -> QuerySet[DailyUsage]:
    return DailyUsage.objects.filter(day__gte=first, day__lt=first + days_in(first) * DAY)


def _bytes(files: QuerySet[SnapshotFile]) -> int:
    return int(files.aggregate(bytes=Sum("size_bytes"))["bytes"] or 0)


def _added(counts: Iterable[dict[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total.most_common())
