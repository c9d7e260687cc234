"""Whether the counts on tenants' queues are those of the jobs, and putting them right. Each move changes both in one transaction."""

from __future__ import annotations

import uuid

from django.db import connection

from reports.models import Account, LaneClock, TenantQueue
from tenants.scope import engine_scope

# Two questions, because each fits an index of its own. Who runs is told by the slots.
COUNTED = """
with counted as (
    select account_id, lane, tenant_id, sum(queued)::int as queued, sum(running)::int as running from (
        select account_id, lane, tenant_id, 1 as queued, 0 as running from reports_snapshotjob where status = 'queued' and admitted
        union all
        select job.account_id, job.lane, job.tenant_id, 0, 1
          from reports_slot slot join reports_snapshotjob job on job.id = slot.job_id) jobs
     group by account_id, lane, tenant_id),
wrong as (
    select account_id, lane, tenant_id, coalesce(counted.queued, 0) as queued, coalesce(counted.running, 0) as running
      from reports_tenantqueue queue full join counted using (account_id, lane, tenant_id)
     where (queue.queued, queue.running) is distinct from (coalesce(counted.queued, 0), coalesce(counted.running, 0)))
"""
WRONG = COUNTED + "select account_id, lane, tenant_id from wrong order by account_id, lane, tenant_id"  # nosec B608 # texts of ours
PUT_RIGHT = (
    COUNTED  # nosec B608 # texts of ours
    + """
insert into reports_tenantqueue as queue (account_id, lane, tenant_id, virtual_time, queued, running)
select account_id, lane, tenant_id, 0, queued, running from wrong where account_id = %(account)s
on conflict (account_id, lane, tenant_id) do update set queued = excluded.queued, running = excluded.running
"""
)


def recount() -> int:
    """How many queues were counted wrong."""
    with engine_scope():
        account_ids = list(Account.objects.order_by("pk").values_list("pk", flat=True))
    return sum(_put_right(account_id) for account_id in account_ids)


def wrong() -> list[tuple[int, int, uuid.UUID]]:
    """Account, lane and tenant of each queue whose counts are not those of its jobs. In the engine's scope."""
    with connection.cursor() as cursor:
        cursor.execute(WRONG)
        return list(cursor.fetchall())


def _put_right(account_id: int) -> int:
    """First nobody may claim, then nobody end or cancel: whoever does so now has counted already, or counts after this."""
    with engine_scope(), connection.cursor() as cursor:
        list(LaneClock.objects.select_for_update().filter(account=account_id).order_by("lane"))
        list(TenantQueue.objects.select_for_update().filter(account=account_id).order_by("lane", "tenant").values_list("pk"))
        cursor.execute(PUT_RIGHT, {"account": account_id})
        return int(cursor.rowcount)
