"""What became of a template's runs in all its tenants, by the local day on which each was planned. For staff, in their scope.

They see when, where and how it ended; not to whom it went, and no file. A run belongs to the day that the wall clock of its own tenant
showed, so one day here spans up to 50 hours of the world's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, DateField, F, Func, QuerySet
from django.db.models.functions import Cast

from reports.models import Occurrence, ScheduleTemplate

# No zone is further from UTC.
FURTHEST = timedelta(hours=14)
# Nothing else of a run may be read across tenants, and nothing of a schedule but what stands here.
COLUMNS = (
    "tenant_id",
    "schedule_id",
    "planned_at",
    "kind",
    "status",
    "reason",
    "ready_by_at",
    "ended_at",
    "tenant__slug",
    "tenant__name",
    "schedule__timezone",
)


class LocalDay(Func):
    """The day of an instant on the wall clock of a zone: (zone, instant)."""

    function = "timezone"
    output_field = DateField()


@dataclass
class Day:
    """`counts`: runs by status."""

    day: date
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


def planned(template: ScheduleTemplate) -> QuerySet[Any]:
    """Those of the plan, each with `local_day`."""
    day = Cast(LocalDay(F("schedule__timezone"), F("planned_at")), DateField())
    return Occurrence.objects.filter(schedule__template=template, kind=Occurrence.Kind.PLAN).alias(local_day=day)


def between(template: ScheduleTemplate, first: date, last: date) -> QuerySet[Any]:
    """Of these local days, both included. The bounds in UTC are what the index is asked for."""
    start = datetime.combine(first, time(), UTC) - FURTHEST
    end = datetime.combine(last + timedelta(days=1), time(), UTC) + FURTHEST
    near = planned(template).filter(planned_at__gte=start, planned_at__lt=end)
    return near.filter(local_day__gte=first, local_day__lte=last)


def days(template: ScheduleTemplate, last: date, number: int) -> list[Day]:
    """The newest first; days without a run are left out."""
    by_day: dict[date, Day] = {}
    for row in counted(template, last - timedelta(days=number - 1), last):
        by_day.setdefault(row["day"], Day(row["day"])).counts[row["status"]] = row["number"]
    return list(by_day.values())


def counted(template: ScheduleTemplate, first: date, last: date) -> QuerySet[Any]:
    """As {"day", "status", "number"}."""
    found = between(template, first, last).annotate(day=F("local_day"))
    return found.values("day", "status").annotate(number=Count("pk")).order_by("-day", "status")


def runs(template: ScheduleTemplate, day: date, status: str = "") -> QuerySet[Any]:
    """Of one day, with tenant and zone."""
    found = between(template, day, day)
    if status:
        found = found.filter(status=status)
    return found.select_related("tenant", "schedule").only(*COLUMNS)
