"""What every drawing of a schedule needs beside its own row."""

from __future__ import annotations

import uuid

from django.db.models import Q

from portal.filters import Filters
from reports.models import AudienceRecipient, Occurrence, Report, Schedule
from reports.models.schedules import ScheduleQuerySet
from reports.schedules.figures import with_last_runs, with_people
from tenants.models import Tenant

LAST_RUNS, LAST_RUNS_ALONE = 14, 21
# Inside a tenant no other columns of people can be read.
COLUMNS = (
    *(field.name for field in Schedule._meta.concrete_fields),
    *(f"report__{field.name}" for field in Report._meta.concrete_fields),
    "owner__email",
    "owner__name",
)


def for_list(schedules: ScheduleQuerySet, runs: int = LAST_RUNS) -> ScheduleQuerySet:
    """The same in the same order, with report, so many last runs and number of people. `schedules` is cut to what is shown."""
    drawn = Schedule.objects.filter(pk__in=schedules.values("pk")).order_by(*schedules.query.order_by).select_related("report")
    return with_people(with_last_runs(drawn, runs))


def for_detail(tenant: Tenant, pk: uuid.UUID) -> ScheduleQuerySet:
    """Removed ones too: their history stays readable."""
    found = Schedule.objects.for_tenant(tenant).filter(pk=pk).select_related("report", "owner").only(*COLUMNS)
    return with_last_runs(found, LAST_RUNS_ALONE)


def matching(schedules: ScheduleQuerySet, search: Filters) -> ScheduleQuerySet:
    if search.report:
        schedules = schedules.filter(report__slug=search.report)
    if search.query:
        named = Q(name__icontains=search.query) | Q(report__name__icontains=search.query)
        gets = AudienceRecipient.objects.filter(recipient__email__icontains=search.query).values("audience__schedule")
        schedules = schedules.filter(named | Q(pk__in=gets))
    return schedules


def seen(row: Schedule | Occurrence) -> tuple[object, ...]:
    """What a page shows of it and may change."""
    if isinstance(row, Schedule):
        return (row.enabled, row.fault, row.next_run_at, row.retired_at, row.name, row.cron)
    return (row.pk, row.status, row.reason, row.ended_at, row.expanded_at)
