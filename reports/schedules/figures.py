"""How a schedule does: its last runs, how many were in time, how long they took, how many files were fetched."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, F, Func, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Extract, JSONObject, Round

from reports.models import AudienceRecipient, GroupMember, Link, Occurrence, Recipient, Schedule
from reports.models.schedules import ScheduleQuerySet

LATELY = timedelta(days=30)
# Where nothing was promised, a run is in time when it ended so long after its planned instant.
IN_TIME = timedelta(minutes=15)
TIMED_RUNS = 100
Status = Occurrence.Status
IN_TIME_RUN = Q(status=Status.DELIVERED, ended_at__lte=Coalesce("ready_by_at", F("planned_at") + Value(IN_TIME)))


@dataclass(frozen=True)
class Figures:
    """None: nothing to count yet. `due` are the runs of the last 30 days that should have been delivered."""

    in_time: int
    due: int
    typical_seconds: float | None
    most_seconds: float | None  # nine of ten took no longer
    links: int
    used: int

    @property
    def in_time_share(self) -> int | None:
        return round(100 * self.in_time / self.due) if self.due else None

    @property
    def used_share(self) -> int | None:
        return round(100 * self.used / self.links) if self.links else None


def _due(runs: QuerySet[Occurrence], now: datetime) -> QuerySet[Occurrence]:
    """Planned runs of the last 30 days that ended and should have been delivered."""
    due = runs.filter(kind=Occurrence.Kind.PLAN, planned_at__gt=now - LATELY)
    return due.exclude(ended_at=None).exclude(status=Status.SKIPPED)


def is_late(run: Occurrence) -> bool:
    """Ended after what was promised, or else after a quarter of an hour."""
    return bool(run.ended_at and run.ended_at > (run.ready_by_at or run.planned_at + IN_TIME))


def with_last_runs(schedules: ScheduleQuerySet, number: int) -> ScheduleQuerySet:
    """`last_runs`: the newest ended ones, newest first, as {"status", "late", "seconds"}, in the same query."""
    runs = Occurrence.objects.filter(tenant=OuterRef("tenant"), schedule=OuterRef("pk")).exclude(ended_at=None).newest_first()
    late = Q(ended_at__gt=Coalesce("ready_by_at", F("planned_at") + Value(IN_TIME)))
    seconds = Extract(F("ended_at") - F("planned_at"), "epoch")
    return schedules.annotate(last_runs=ArraySubquery(runs.values(row=JSONObject(status="status", late=late, seconds=seconds))[:number]))


def with_punctuality(schedules: ScheduleQuerySet, now: datetime) -> ScheduleQuerySet:
    """`on_time_percent` as Figures.in_time_share, in the same query. None: nothing was due."""
    runs = _due(Occurrence.objects.filter(tenant=OuterRef("tenant"), schedule=OuterRef("pk")), now).order_by().values("schedule")
    share = Round(100.0 * Count("pk", filter=IN_TIME_RUN) / Count("pk"), output_field=IntegerField())
    return schedules.annotate(on_time_percent=Subquery(runs.values(share=share)))


def with_people(schedules: ScheduleQuerySet) -> ScheduleQuerySet:
    """`people`: how many different ones get it, in the same query."""
    of_schedule = OuterRef(OuterRef("pk"))
    direct = AudienceRecipient.objects.filter(tenant=OuterRef("tenant"), audience__schedule=of_schedule).values("recipient")
    grouped = GroupMember.objects.filter(tenant=OuterRef("tenant"), group__audience_groups__audience__schedule=of_schedule)
    people = Recipient.objects.filter(tenant=OuterRef("tenant")).filter(Q(pk__in=direct) | Q(pk__in=grouped.values("recipient")))
    return schedules.annotate(people=Subquery(people.order_by().values(number=Func(F("pk"), function="count"))))


def figures(schedule: Schedule, now: datetime) -> Figures:
    """In the tenant's scope, three questions."""
    runs = Occurrence.objects.for_tenant(schedule.tenant).filter(schedule=schedule)
    counted = _due(runs, now).aggregate(due=Count("pk"), in_time=Count("pk", filter=IN_TIME_RUN))
    took = _seconds(runs.filter(status=Status.DELIVERED).newest_first().values_list("planned_at", "ended_at")[:TIMED_RUNS])
    links = Link.objects.for_tenant(schedule.tenant).filter(delivery__occurrence__schedule=schedule, created_at__gt=now - LATELY)
    fetched = links.aggregate(links=Count("pk"), used=Count("pk", filter=Q(uses__gt=0)))
    return Figures(
        counted["in_time"],
        counted["due"],
        median(took) if took else None,
        (quantiles(took, n=10)[-1] if len(took) > 1 else took[0]) if took else None,
        fetched["links"],
        fetched["used"],
    )


def _seconds(spans: Iterable[tuple[Any, Any]]) -> list[float]:
    return [(end - start).total_seconds() for start, end in spans if end]


def share_delivered(runs: Sequence[dict[str, Any]]) -> int | None:
    """Of `last_runs`, in whole percent, and only all of them are 100; None: none should have been delivered."""
    due = [run for run in runs if run["status"] != Status.SKIPPED]
    delivered = sum(run["status"] == Status.DELIVERED for run in due)
    return (100 * delivered // len(due)) if due else None


def typical_seconds(runs: Iterable[dict[str, Any]]) -> float | None:
    """Of `last_runs`; None: none was delivered."""
    took = [float(run["seconds"]) for run in runs if run["status"] == Status.DELIVERED]
    return median(took) if took else None


def people_of(ways: Iterable[Any]) -> dict[uuid.UUID, int]:
    """By audience, how many different people; `ways` are those of `audiences.who_gets`."""
    found: dict[uuid.UUID, set[str]] = {}
    for way in ways:
        found.setdefault(way.audience.pk, set()).add(way.email)
    return {pk: len(emails) for pk, emails in found.items()}
