"""Counting what tenants used anew from the rows: today and yesterday, by each tenant's own days. Twice does no harm."""

from __future__ import annotations

import json
import logging
import random
import time
import uuid
from datetime import date, datetime
from typing import Any

from django.db import InterfaceError, OperationalError, connection

from reports import day_figures, quota_warnings, usage
from reports.models import DailyUsage
from tenants.models import Tenant
from tenants.scope import engine_scope, tenant_scope

logger = logging.getLogger(__name__)
# A task has 75 seconds. Who was not reached has the next turn: the order is another one each time.
SECONDS = 50.0
# A report unit is up to so much of a snapshot (quicksight.md: reported, not published by AWS).
UNIT_PAGES, UNIT_BYTES = 100, 100 * 1024**2
# Attempts whose files QuickSight made count, too, where the files were no good: making them again costs again.
ENDED = """
with ended as materialized (
    select id, status from reports_snapshotjob
     where tenant_id = %(tenant)s and finished_at >= %(begins)s and finished_at < %(ends)s and dry_run_tags is null
       and trigger <> 'imported'),
made as (
    select ended.status, file.files, file.bytes, file.pages, attempt.rendered
      from ended
      cross join lateral (
        select count(*) as files, coalesce(sum(size_bytes), 0) as bytes, coalesce(sum(pages), 0) as pages
          from reports_snapshotfile where job_id = ended.id) file
      cross join lateral (
        select count(*) as rendered from reports_attempt where job_id = ended.id and service_status = 'COMPLETED') attempt),
billed as (
    select *, case when status = 'completed'
        then greatest(ceil(pages / %(unit_pages)s::numeric), ceil(bytes / %(unit_bytes)s::numeric), 1) + greatest(rendered - 1, 0)
        else rendered end as units
      from made)
select count(*) filter (where status = 'completed') as completed,
       count(*) filter (where status = 'failed') as failed,
       coalesce(sum(units), 0)::int as report_units,
       coalesce(sum(files), 0)::int as files,
       coalesce(sum(bytes), 0)::bigint as files_bytes,
       (select count(*) from reports_download
         where tenant_id = %(tenant)s and at >= %(begins)s and at < %(ends)s and not is_repeat) as downloads,
       (select count(*) from reports_delivery
         where tenant_id = %(tenant)s and sent_at >= %(begins)s and sent_at < %(ends)s) as deliveries
  from billed
"""
MADE = """
with made as (
    select report_id, trigger, count(*) as jobs,
           count(*) filter (where status = 'completed' and finished_at <= %(now)s) as completed,
           count(*) filter (where status = 'failed' and finished_at <= %(now)s) as failed,
           count(*) filter (where status = 'cancelled' and finished_at <= %(now)s) as cancelled
      from reports_snapshotjob
     where tenant_id = %(tenant)s and created_at >= %(begins)s and created_at < %(ends)s and dry_run_tags is null
       and trigger <> 'imported'
     group by report_id, trigger)
select coalesce(sum(jobs), 0)::int as jobs,
       coalesce(sum(completed), 0)::int as made_completed,
       coalesce(sum(failed), 0)::int as made_failed,
       coalesce(sum(cancelled), 0)::int as made_cancelled,
       (select coalesce(jsonb_object_agg(report_id, jobs), '{}') from (select report_id, sum(jobs) as jobs from made group by 1) by_report)
         as jobs_by_report,
       (select coalesce(jsonb_object_agg(trigger, jobs), '{}') from (select trigger, sum(jobs) as jobs from made group by 1) by_start)
         as jobs_by_start
  from made
"""
STORED = """
select (coalesce(sum(size_bytes), 0) - (
    select coalesce(sum(file.size_bytes), 0) from reports_snapshotjob job join reports_snapshotfile file on file.job_id = job.id
     where job.tenant_id = %(tenant)s and job.dry_run_tags is not null and file.purged_at is null))::bigint as stored_bytes
  from reports_snapshotfile where tenant_id = %(tenant)s and purged_at is null
"""


def recount_all(now: datetime) -> None:
    """A tenant that cannot be counted keeps no other waiting."""
    with engine_scope():
        tenant_ids = list(Tenant.objects.values_list("pk", flat=True))
    random.shuffle(tenant_ids)
    until = time.monotonic() + SECONDS
    for number, tenant_id in enumerate(tenant_ids):
        if time.monotonic() > until:
            logger.warning(
                "usage of %d of %d tenants was not counted in time; it is in the next turn", len(tenant_ids) - number, len(tenant_ids)
            )
            return
        _recount_one(tenant_id, now)


def recount(tenant_id: uuid.UUID, now: datetime) -> int:
    """Of one tenant, whose owners are told where most of a quota is used. How many days had another number of jobs. Outside any scope."""
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        today = usage.day_of(tenant, now)
        of_today = _ask(STORED, tenant, today, now) | day_figures.of_week(tenant, today)
        wrong = _recount_day(tenant, today - usage.DAY, now) + _recount_day(tenant, today, now, of_today)
        day_figures.catch_up(tenant, today, now)
        quota_warnings.warn(tenant, now)
    return wrong


def _recount_one(tenant_id: uuid.UUID, now: datetime) -> None:
    try:
        if wrong := recount(tenant_id, now):
            logger.warning("tenant %s: the jobs of %d days were counted wrong", tenant_id, wrong)
    except (OperationalError, InterfaceError):
        # The database is away: nothing of the others could be done either.
        raise
    except Exception:
        logger.exception("tenant %s: its usage could not be counted", tenant_id)


def _recount_day(tenant: Tenant, day: date, now: datetime, stored: dict[str, Any] | None = None) -> bool:
    """Whether its jobs were counted wrong. The row is locked for the count of jobs alone: whoever makes one waits for it."""
    if day < usage.day_of(tenant, tenant.created_at):
        return False
    counts = _ask(ENDED, tenant, day, now) | day_figures.of_day(tenant, day) | (stored or {})
    DailyUsage.objects.bulk_create([DailyUsage(tenant=tenant, day=day)], ignore_conflicts=True)
    found = DailyUsage.objects.select_for_update().get(tenant=tenant, day=day)
    counts |= _made(tenant, day, now)
    DailyUsage.objects.filter(pk=found.pk).update(**counts, figures_at=now, recounted_at=now)
    return bool(found.jobs != counts["jobs"])


def _made(tenant: Tenant, day: date, now: datetime) -> dict[str, Any]:
    """What ended after `now` is left for those who add to it what ended since (reports/lately.py)."""
    made = _ask(MADE, tenant, day, now)
    # A cursor gives JSON as the database writes it.
    return made | {name: json.loads(made[name]) for name in ("jobs_by_report", "jobs_by_start")}


def _ask(question: str, tenant: Tenant, day: date, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {"tenant": tenant.pk, "begins": usage.starts_at(tenant, day), "ends": usage.ends_at(tenant, day)}
    with connection.cursor() as cursor:
        cursor.execute(question, facts | {"now": now, "unit_pages": UNIT_PAGES, "unit_bytes": UNIT_BYTES})
        return dict(zip([column.name for column in cursor.description], cursor.fetchone(), strict=True))
