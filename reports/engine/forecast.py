"""How many jobs start before a waiting one, and about when it starts itself.

Written on the job's own row, so that a tenant's page reads no other tenant's. The order is that of `claim`, as fair_order.py tells it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, islice
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from reports.engine import fair_order
from reports.engine.fair_order import Queue, Start

# How long a job holds its slot, before an account has ended one to learn from.
PRIOR_SECONDS = 25.0
LEARNS_FROM = 50
# Further back nobody is told a place. Jobs that newcomers push back beyond it forget theirs, if the margin holds them.
TOLD, MARGIN = 2000, 1000

SLOTS = "select count(*) from reports_slot where account_id = %(account)s and enabled and not spare"
QUEUES = """
select queue.lane, queue.tenant_id, virtual_time, weight, queued,
       sum(running) over (partition by queue.tenant_id)::int, max_running
  from reports_tenantqueue queue join tenants_tenant tenant on tenant.id = queue.tenant_id
 where account_id = %(account)s and (queued > 0 or running > 0)
   and not exists (select from reports_pause pause where pause.tenant_id = queue.tenant_id and kind = 'tenant')
"""
# A line that moves changes every place in it. Far back a place is told to within a twentieth, and a time to within a tenth of the wait:
# else each start would rewrite two thousand rows. Rows that are locked are just being claimed or cancelled.
WRITE = """
with account as (
    select unanswered_since is null and refused_since is null as starts from reports_account where id = %(account)s),
usual as (
    select coalesce(avg(took), %(prior)s) as seconds from (
        select extract(epoch from finished_at - started_at)::float as took from reports_snapshotjob
         where account_id = %(account)s and status = 'completed' and started_at is not null
         order by finished_at desc limit %(learns_from)s) lately),
slots as (
    select count(*) as usable, count(*) filter (where job_id is null) as free,
           coalesce(extract(epoch from statement_timestamp() - min(job.started_at)), 0)::float as longest
      from reports_slot slot left join reports_snapshotjob job on job.id = slot.job_id
     where slot.account_id = %(account)s and enabled and not spare and (rests_until is null or rests_until <= statement_timestamp())),
line as (
    select job.id, (%(places)s::int[])[queue.before + job.nth] as place, (%(numbers)s::int[])[queue.before + job.nth] as number
      from unnest(%(lanes)s::int[], %(tenants)s::uuid[], %(befores)s::int[], %(jobs)s::int[]) as queue (lane, tenant, before, jobs)
     cross join lateral (
        select id, row_number() over (order by created_at, id) as nth from (
            select id, created_at from reports_snapshotjob
             where account_id = %(account)s and lane = queue.lane and tenant_id = queue.tenant and status = 'queued' and admitted
             order by created_at, id limit queue.jobs) first) job),
told as (
    select line.id, case when place < %(told)s and starts then place end as ahead,
           case when place < %(told)s and starts and usable > 0 then
               case when number < free then 0 else greatest(0, seconds - longest) + (number - free) * seconds / usable end
           end as wait
      from line, account, usual, slots),
changed as (
    select job.id, told.ahead, statement_timestamp() + make_interval(secs => told.wait) as expected
      from told join reports_snapshotjob job using (id)
     where job.status = 'queued' and (
           (job.ahead is null) <> (told.ahead is null) or abs(job.ahead - told.ahead) >= greatest(1, told.ahead / 20)
        or (job.expected_start_at is null) <> (told.wait is null)
        or abs(extract(epoch from job.expected_start_at - statement_timestamp()) - told.wait) > greatest(15, told.wait / 10))
       for update of job skip locked)
update reports_snapshotjob job set ahead = changed.ahead, expected_start_at = changed.expected
  from changed where job.id = changed.id
"""


def write(account_id: int) -> int:
    """For the jobs that could start now; the number of rows that changed. In the engine's scope."""
    with connection.cursor() as cursor:
        line = list(islice(_starts(cursor, account_id), TOLD + MARGIN))
        values: dict[str, Any] = {"account": account_id, "prior": PRIOR_SECONDS, "learns_from": LEARNS_FROM, "told": TOLD}
        cursor.execute(WRITE, values | _columns(line))
        return int(cursor.rowcount)


def _starts(cursor: CursorWrapper, account_id: int) -> Iterator[Start]:
    cursor.execute(SLOTS, {"account": account_id})
    (slots,) = cursor.fetchone()
    cursor.execute(QUEUES, {"account": account_id})
    queues = [Queue(*row) for row in cursor.fetchall()]
    return fair_order.starts([queue for queue in queues if queue.queued], slots)


def _columns(line: list[Start]) -> dict[str, list[Any]]:
    """Queue by queue, so that the nth job of one finds its place by counting: `before` it stand those of the queues before."""
    queues: dict[Queue, list[tuple[int, int]]] = {}
    for place, start in enumerate(line):
        queues.setdefault(start.queue, []).append((place, start.number))
    sizes = [len(starts) for starts in queues.values()]
    flat = [start for starts in queues.values() for start in starts]
    return {
        "lanes": [queue.lane for queue in queues],
        "tenants": [queue.tenant_id for queue in queues],
        "befores": [0, *accumulate(sizes)][:-1],
        "jobs": sizes,
        "places": [place for place, _number in flat],
        "numbers": [number for _place, number in flat],
    }
