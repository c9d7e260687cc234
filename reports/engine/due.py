"""Finding schedules that are due in an account: a pump looks once a second. What becomes of them, reports/occurrences/noting.py says."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from reports.models import Schedule
from reports.occurrences import noting
from tenants.scope import engine_scope

LIMIT = 2000
# A pump that finds nothing else to do stays for what is due so soon: the watchdog would send for the next one too late.
SOON_SECONDS = 70
# `skip locked`, so that two who look at once share the work.
TAKE = """
select schedule.id, schedule.tenant_id, schedule.slug, schedule.report_id, cron, timezone, starts_on, ends_on, missed, ready_by, enabled,
       paused_at, paused_by, fault, next_run_at
  from reports_schedule schedule join reports_report report on report.id = schedule.report_id
 where report.account_id = %(account)s and schedule.retired_at is null and next_run_at <= %(now)s
 order by next_run_at limit %(limit)s for update of schedule skip locked
"""
SOON = """
select exists (select from reports_schedule schedule join reports_report report on report.id = schedule.report_id
                where report.account_id = %(account)s and schedule.retired_at is null
                  and next_run_at <= statement_timestamp() + make_interval(secs => %(soon)s))
"""


def note(account_id: int, now: datetime, limit: int = LIMIT) -> bool:
    """One pass, in a transaction of its own; whether more may be due. `now` is the database's."""
    with engine_scope():
        due = list(Schedule.objects.raw(TAKE, {"account": account_id, "now": now, "limit": limit}))
        noting.note(due, now)
    return len(due) == limit


def is_soon(account_id: int, seconds: float = SOON_SECONDS) -> bool:
    """Whether a schedule is due within so many seconds. In the engine's scope."""
    with connection.cursor() as cursor:
        cursor.execute(SOON, {"account": account_id, "soon": seconds})
        return bool(cursor.fetchone()[0])
