"""The load to come: how many jobs all schedules ask of each account in each hour of the next week, and how long its slots need for them."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import connection

from reports import scheduling
from reports.engine.forecast import LEARNS_FROM, PRIOR_SECONDS
from reports.models import PlannedLoad, Schedule

logger = logging.getLogger(__name__)
AHEAD = timedelta(days=7)
HOUR = timedelta(hours=1)
# A cron for every minute of them.
MOST_INSTANTS = 7 * 24 * 60
# Many schedules share few times: each is worked out once.
TIMES = """
select report.account_id, cron, timezone, starts_on, ends_on, sum(job_count) as jobs
  from reports_schedule schedule join reports_report report on report.id = schedule.report_id
 where schedule.retired_at is null and schedule.enabled and next_run_at <= %(until)s
 group by report.account_id, cron, timezone, starts_on, ends_on order by report.account_id
"""
SECONDS_PER_JOB = """
select coalesce(avg(took), %(prior)s) / greatest(1, (select count(*) from reports_slot where account_id = %(account)s and enabled)) from (
    select extract(epoch from finished_at - started_at)::float as took from reports_snapshotjob
     where account_id = %(account)s and status = 'completed' and started_at is not null
     order by finished_at desc limit %(learns_from)s) lately
"""


def write(now: datetime) -> None:
    """In the engine's scope, in place of what was there."""
    PlannedLoad.objects.all().delete()
    for account_id, times in groupby(_rows(TIMES, until=now + AHEAD), key=lambda row: row[0]):
        ((each,),) = _rows(SECONDS_PER_JOB, account=account_id, prior=PRIOR_SECONDS, learns_from=LEARNS_FROM)
        jobs: Counter[datetime] = Counter()
        for _account, cron, zone, starts_on, ends_on, number in times:
            for hour in _hours(Schedule(cron=cron, timezone=zone, starts_on=starts_on, ends_on=ends_on), now):
                jobs[hour] += number
        PlannedLoad.objects.bulk_create(_loads(account_id, jobs, float(each)))


def hour_of(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _hours(schedule: Schedule, now: datetime) -> list[datetime]:
    try:
        return [hour_of(at) for at in scheduling.due_between(schedule, now, now + AHEAD, MOST_INSTANTS)]
    except Exception:
        # Noting finds the same and pauses it; the load of all others is told meanwhile.
        logger.warning("cron %r in %r cannot be planned", schedule.cron, schedule.timezone)
        return []


def _loads(account_id: int, jobs: Counter[datetime], each: float) -> list[PlannedLoad]:
    loads, left, before = [], 0.0, None
    for hour in sorted(jobs):
        left = max(0.0, left - (hour - before).total_seconds()) if before else 0.0
        left, before = left + jobs[hour] * each, hour
        loads.append(PlannedLoad(account_id=account_id, hour=hour, jobs=jobs[hour], seconds=left))
    return loads


def _rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
