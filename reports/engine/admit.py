"""Letting waiting jobs into their tenants' queues, where they are counted and may be claimed, and taking them out again.

A job that nobody may start yet (its tenant or its report is paused, its next attempt is a minute away) is in no queue.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection

from reports.models import LaneClock

# Looked at by one pass on each side of a place drawn by lot: jobs that are kept out for hours must not hide the others, nor be read
# through in each turn.
LOOKED_AT = 1000
RETRACTED_AT_ONCE = 2000

# A tenant that had nothing waiting begins where its lane has come to: it has no credit from its absence.
ADMIT = """
with inbox as materialized (
    (select id from reports_snapshotjob where account_id = %(account)s and status = 'queued' and not admitted and id >= %(lot)s
      order by id limit %(limit)s)
     union all
    (select id from reports_snapshotjob where account_id = %(account)s and status = 'queued' and not admitted and id < %(lot)s
      order by id limit %(limit)s)),
-- Locked are those that may come in, not all that were looked at: a lock is a write, and the others may stay out for hours.
ready as materialized (
    select job.id from inbox join reports_snapshotjob job using (id)
     where job.status = 'queued' and not job.admitted and (job.not_before is null or job.not_before <= statement_timestamp())
       and not exists (select from reports_pause pause where kind = 'tenant' and pause.tenant_id = job.tenant_id)
       and not exists (select from reports_pause pause where kind = 'report' and pause.report_id = job.report_id)
       for update of job skip locked),
admitted as (
    update reports_snapshotjob job set admitted = true from ready where job.id = ready.id
    returning job.lane, job.tenant_id),
more as (select lane, tenant_id, count(*) as jobs from admitted group by lane, tenant_id)
insert into reports_tenantqueue as queue (account_id, lane, tenant_id, virtual_time, queued, running)
select %(account)s, more.lane, more.tenant_id, coalesce(clock.virtual_time, 0), more.jobs, 0
  from more left join reports_laneclock clock on clock.account_id = %(account)s and clock.lane = more.lane
 order by more.lane, more.tenant_id
on conflict (account_id, lane, tenant_id) do update set queued = queue.queued + excluded.queued,
    virtual_time = case when queue.queued = 0 then greatest(queue.virtual_time, excluded.virtual_time) else queue.virtual_time end
"""
RETRACT = """
with out as materialized (
    select id from reports_snapshotjob
     where status = 'queued' and admitted and account_id = %(account)s and lane in (0, 1)
       and (%(tenants)s::uuid[] is null or tenant_id = any(%(tenants)s)) and (%(report)s::uuid is null or report_id = %(report)s)
     -- Who cancels a job holds it, and waits for the row of its tenant's queue, which may be in our hands: nobody waits for both.
     limit %(limit)s for update skip locked),
retracted as (
    update reports_snapshotjob job set admitted = false, ahead = null, expected_start_at = null from out where job.id = out.id
    returning job.account_id, job.lane, job.tenant_id),
fewer as (select account_id, lane, tenant_id, count(*) as jobs from retracted group by account_id, lane, tenant_id),
counted as (
    update reports_tenantqueue queue set queued = greatest(0, queue.queued - fewer.jobs) from fewer
     where queue.account_id = fewer.account_id and queue.lane = fewer.lane and queue.tenant_id = fewer.tenant_id)
select count(*) from retracted
"""
PAUSED = """
select distinct queue.tenant_id from reports_tenantqueue queue join reports_pause pause using (tenant_id)
 where queue.account_id = %(account)s and queue.queued > 0 and pause.kind = 'tenant'
"""


def admit(account_id: int) -> None:
    """One pass. In the engine's scope, and until its end nobody else admits or claims in this account."""
    lock(account_id)
    if paused := [tenant_id for (tenant_id,) in _rows(PAUSED, account=account_id)]:
        _retract(account_id, paused, None)
    with connection.cursor() as cursor:
        cursor.execute(ADMIT, {"account": account_id, "lot": uuid.uuid4(), "limit": LOOKED_AT})


def retract(account_id: int, report_id: uuid.UUID) -> int:
    """Take what waits of a report out of the queues; its pause keeps it out. How many jobs. In the engine's scope."""
    lock(account_id)
    jobs = 0
    while taken := _retract(account_id, None, report_id):
        jobs += taken
    return jobs


def lock(account_id: int) -> None:
    """What is counted by the next statement stays so until the transaction ends: nobody else admits, retracts or claims there."""
    list(LaneClock.objects.select_for_update().filter(account=account_id).order_by("lane"))


def _retract(account_id: int, tenant_ids: list[uuid.UUID] | None, report_id: uuid.UUID | None) -> int:
    values = {"account": account_id, "tenants": tenant_ids, "report": report_id, "limit": RETRACTED_AT_ONCE}
    ((jobs,),) = _rows(RETRACT, **values)
    return int(jobs)


def _rows(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
