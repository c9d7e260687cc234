"""Destinations with what a page or an answer tells of each beside its row, in the same statement."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from reports.models import Delivery, Schedule
from reports.models.destinations import DestinationQuerySet


def with_standing(rows: DestinationQuerySet) -> QuerySet[Any]:
    """`used_by`: titles of the schedules that send there, by name. `waiting`: deliveries that are not there yet."""
    schedules = Schedule.objects.filter(tenant=OuterRef("tenant"), retired_at=None, audiences__destinations=OuterRef("pk"))
    titled = schedules.annotate(shown=Coalesce(NullIf("name", Value("")), "report__name")).order_by("shown").distinct()
    waiting = Delivery.objects.filter(
        ~Q(channel=Delivery.Channel.EMAIL),
        tenant=OuterRef("tenant"),
        destination=OuterRef("pk"),
        status__in=Delivery.OPEN,
        next_try_at__isnull=False,
    )
    counted = waiting.order_by().values("destination").annotate(count=Count("pk")).values("count")
    return rows.annotate(used_by=ArraySubquery(titled.values("shown")), waiting=Coalesce(Subquery(counted), 0))
