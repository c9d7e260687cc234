"""The jobs that all schedules of an account will ask for, one by one, with how long each is expected to take. In the engine's scope."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, time
from functools import cache
from typing import Any

from django.db import connection

from reports import scheduling
from reports.engine import cadence, peaks
from reports.engine.kin import Kin
from reports.engine.pace import Learned
from reports.models import Account, Pace, Pump, Schedule

# A cron for every minute of a week.
MOST_INSTANTS = 7 * 24 * 60
# Many schedules share few times. Those that are paused ask for nothing.
TIMES = """
select report_id, cron, timezone, starts_on, ends_on, ready_by, sum(job_count)::int
  from reports_schedule schedule join reports_report report on report.id = schedule.report_id
 where schedule.retired_at is null and schedule.enabled and next_run_at <= %(until)s and report.account_id = %(account)s
 group by report_id, cron, timezone, starts_on, ends_on, ready_by order by report_id, cron
"""


def jobs(account: Account, after: datetime, until: datetime) -> list[peaks.Planned]:
    """Those that are due after the one and up to the other, in order."""
    kin = Kin(_learned(account))
    planned = [job for row in _rows(TIMES, account=account.pk, until=until) for job in _of(row, kin, after, until)]
    return sorted(planned, key=lambda job: job.due)


def calls_for_each(account: Account, now: datetime) -> float:
    """Of the account's requests: fewer where S3 told of a file lately."""
    heard_at = Pump.objects.filter(account=account).values_list("heard_at", flat=True).first()
    hears = heard_at is not None and now - heard_at < cadence.HEARD_LATELY
    return peaks.CALLS_WITH_EVENTS if hears else peaks.CALLS


def _of(row: tuple[Any, ...], kin: Kin, after: datetime, until: datetime) -> Iterable[peaks.Planned]:
    report_id, cron, zone, starts_on, ends_on, ready_by, number = row
    expected = kin.expected(report_id)
    for at, promised in _instants(cron, zone, starts_on, ends_on, ready_by, after, until):
        yield from [peaks.Planned(at, expected, promised)] * number


@cache
def _instants(
    cron: str, zone: str, starts_on: Any, ends_on: Any, ready_by: time | None, after: datetime, until: datetime
) -> list[tuple[float, float | None]]:
    plan = Schedule(cron=cron, timezone=zone, starts_on=starts_on, ends_on=ends_on, ready_by=ready_by)
    if not scheduling.can_be_read(plan):
        return []
    instants = scheduling.due_between(plan, after, until, MOST_INSTANTS)
    promises = [scheduling.ready_by_at(plan, at) for at in instants]
    return [(at.timestamp(), promise.timestamp() if promise else None) for at, promise in zip(instants, promises, strict=True)]


def _learned(account: Account) -> dict[uuid.UUID, Learned]:
    """Of each report in the formats that it was run in most: in which ones a schedule asks for it is the tenant's own."""
    rows = Pace.objects.filter(account=account, jobs__gt=0).order_by("jobs").values_list("report_id", "jobs", "log_mean", "log_variance")
    return {report_id: Learned(jobs, mean, variance) for report_id, jobs, mean, variance in rows}


def _rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
