"""How a tenant's days went, counted from the rows: what ended well, late or not at all, and how long it took. Charts draw these.

A day is counted by what ended on it, so that it does not change any more once the day after it is over.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection

from reports import usage
from reports.models import DailyUsage
from reports.schedules.figures import IN_TIME
from tenants.models import Tenant

# Times are kept as how many lie in each step, so that days add up. A step is a twelfth longer than the one before: what is read from
# them is right within four percent.
STEP = math.log(13 / 12)
# Days that were there before these figures were, or that no worker counted, are counted a few at a time.
KEPT_DAYS, CAUGHT_UP = 60, 3
ENDED = """
with runs as (
    select status, ended_at - planned_at as took, ended_at > coalesce(ready_by_at, planned_at + %(in_time)s) as late
      from reports_occurrence where tenant_id = %(tenant)s and ended_at >= %(begins)s and ended_at < %(ends)s),
single as (
    select status, finished_at - created_at as took from reports_snapshotjob
     where tenant_id = %(tenant)s and finished_at >= %(begins)s and finished_at < %(ends)s and occurrence_id is null
       and status in ('completed', 'failed') and dry_run_tags is null and trigger not in ('imported', 'remake')),
took as (
    select floor(ln(greatest(extract(epoch from took), 1)) / %(step)s)::int as step, count(*) as number
      from (select took from runs where status = 'delivered' union all select took from single where status = 'completed') delivered
     group by 1)
select (select count(*) from runs where status = 'delivered' and not late) as runs_on_time,
       (select count(*) from runs where status = 'delivered' and late) as runs_late,
       (select count(*) from runs where status = 'partly_delivered') as runs_partly,
       (select count(*) from runs where status = 'failed') as runs_failed,
       (select count(*) from runs where status = 'missed') as runs_missed,
       (select count(*) from runs where status = 'skipped') as runs_skipped,
       (select count(*) from single where status = 'completed') as single_delivered,
       (select count(*) from single where status = 'failed') as single_failed,
       (select coalesce(jsonb_object_agg(step, number), '{}') from took) as took
"""
WEEK = """
select count(distinct email) as week_recipients, count(distinct email) filter (where uses > 0) as week_openers
  from reports_link where tenant_id = %(tenant)s and created_at >= %(begins)s and created_at < %(ends)s and email <> ''
"""


def of_day(tenant: Tenant, day: date) -> dict[str, Any]:
    """By column of DailyUsage. In the tenant's scope."""
    found = _ask(ENDED, tenant, day, day)
    # A cursor gives JSON as the database writes it.
    return found | {"took": json.loads(found["took"])}


def of_week(tenant: Tenant, last: date) -> dict[str, Any]:
    return _ask(WEEK, tenant, last - 6 * usage.DAY, last)


def catch_up(tenant: Tenant, today: date, now: datetime) -> None:
    """A few older days that have no figures yet. In the tenant's scope."""
    older = DailyUsage.objects.filter(tenant=tenant, day__lt=today - usage.DAY, day__gt=today - KEPT_DAYS * usage.DAY, figures_at=None)
    for row in older.order_by("-day")[:CAUGHT_UP]:
        DailyUsage.objects.filter(pk=row.pk).update(**of_day(tenant, row.day), figures_at=now)


def no_longer_than(took: Mapping[str, int], share: float) -> float | None:
    """In how many seconds so large a share was delivered; None: nothing was."""
    wanted, seen = share * sum(took.values()), 0.0
    for step, number in sorted((int(step), number) for step, number in took.items()):
        if number and seen + number >= wanted:
            return math.exp(STEP * (step + (wanted - seen) / number))
        seen += number
    return None


def _ask(question: str, tenant: Tenant, first: date, last: date) -> dict[str, Any]:
    facts: dict[str, Any] = {"tenant": tenant.pk, "begins": usage.starts_at(tenant, first), "ends": usage.ends_at(tenant, last)}
    with connection.cursor() as cursor:
        cursor.execute(question, facts | {"in_time": IN_TIME, "step": STEP})
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
