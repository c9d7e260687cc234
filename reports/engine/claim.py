"""Free slots for waiting jobs, in the fair order: one statement that skips locked rows."""

from __future__ import annotations

from typing import Any

from django.db import connection

from reports.engine import admit
from reports.models import SnapshotJob
from reports.models.jobs import log_move

Status = SnapshotJob.Status

# Slots filled by one statement, whose work grows with their square; and statements in a row.
BATCH, MAX_CLAIMS = 24, 50

# Most turns of a busy pump find no room, or nothing that waits: no lock is taken then, and nothing is planned. First, whether somebody
# is to be let in, or out: who is paused in the line would keep its virtual time, and come back with credit.
ANYTHING = """
select exists (select from reports_snapshotjob where account_id = %(account)s and status = 'queued' and not admitted)
           or exists (select from reports_tenantqueue queue join reports_pause pause using (tenant_id)
                       where queue.account_id = %(account)s and queued > 0 and kind = 'tenant'),
       exists (select from reports_slot where account_id = %(account)s and enabled and spare = %(spare)s and job_id is null
                  and (rests_until is null or rests_until <= statement_timestamp())),
       exists (select from reports_tenantqueue where account_id = %(account)s and queued > 0)
"""
# Slots and jobs in one statement, after `admit` has locked the account's clocks, so that no other claim reads the same counts meanwhile.
# The classes: 0 is a run that somebody waits for, within its caps; 1 what is scheduled; 2 such runs beyond the caps, for slots left over.
# Materialized, all that are: a subquery that the planner puts inside a loop runs again for each row, and takes more than its limit.
CLAIM = """
with caps as materialized (
    select count(*)::int as slots, greatest(1, count(*) / 4)::int as each, greatest(count(*) - 2, (count(*) + 1) / 2)::int as together
      from reports_slot where account_id = %(account)s and enabled and not spare),
free as materialized (
    select id, row_number() over (order by number) as place from (
        select id, number from reports_slot where account_id = %(account)s and enabled and spare = %(spare)s and job_id is null
          and (rests_until is null or rests_until <= statement_timestamp())
        order by number limit %(most)s for update skip locked) s),
room as materialized (select count(*)::int as slots from free),
held as materialized (
    select job.tenant_id, job.lane, count(*)::int as jobs from reports_slot slot join reports_snapshotjob job on job.id = slot.job_id
     where slot.account_id = %(account)s group by 1, 2),
by_hand as materialized (
    select queue.id, lane, queue.tenant_id, virtual_time, queued, weight, may_run from reports_tenantqueue queue, lateral (
        select weight, coalesce(max_running - (select sum(jobs) from held where tenant_id = queue.tenant_id), max_running, 32767) as may_run
          from tenants_tenant tenant where tenant.id = queue.tenant_id limit 1) share
     where account_id = %(account)s and lane = 0 and queued > 0 and may_run > 0
       and not exists (select from reports_pause pause where pause.tenant_id = queue.tenant_id and kind = 'tenant')
     order by virtual_time, queue.tenant_id
     -- Those that hold their share already are among the first, and may not be all of them.
     limit (select case when room.slots > 0 then room.slots + caps.slots else 0 end from room, caps) for update of queue skip locked),
scheduled as materialized (
    select queue.id, lane, queue.tenant_id, virtual_time, queued, weight, may_run from reports_tenantqueue queue, lateral (
        select weight, coalesce(max_running - (select sum(jobs) from held where tenant_id = queue.tenant_id), max_running, 32767) as may_run
          from tenants_tenant tenant where tenant.id = queue.tenant_id limit 1) share
     where account_id = %(account)s and lane = 1 and queued > 0 and may_run > 0
       and not exists (select from reports_pause pause where pause.tenant_id = queue.tenant_id and kind = 'tenant')
     order by virtual_time, queue.tenant_id limit (select slots from room) for update of queue skip locked),
wishes as (
    select line.*, nth, virtual_time + (nth - 1) / weight as at,
           lane = 0 and nth <= each - coalesce((select jobs from held where held.lane = 0 and held.tenant_id = line.tenant_id), 0) as near
      from (select * from by_hand union all select * from scheduled) line cross join room cross join caps
           cross join lateral generate_series(1, least(room.slots, queued, may_run)) nth),
classed as (
    select *, case when lane = 1 then 1 when near and row_number() over (partition by lane, near order by at, tenant_id)
                   <= (select together from caps) - (select coalesce(sum(jobs), 0) from held where held.lane = 0) then 0 else 2 end as class
      from wishes),
allowed as (select *, row_number() over (partition by tenant_id order by class, at) as own from classed),
chosen as (
    select id, lane, tenant_id, weight, min(class) as class, min(at) as first, max(at) as last, count(*)::int as wanted
      from (select * from allowed where own <= may_run order by class, at, tenant_id limit (select slots from room)) best
     group by id, lane, tenant_id, weight),
jobs as materialized (
    select job.id, chosen.id as queue, row_number() over (order by class, first, job.id) as place from chosen cross join lateral (
        select id from reports_snapshotjob
         where account_id = %(account)s and lane = chosen.lane and tenant_id = chosen.tenant_id and status = 'queued' and admitted
         order by created_at, id limit chosen.wanted for update skip locked) job),
started as (
    update reports_snapshotjob job
       set status = 'starting', admitted = false, waiting = '', lease_until = null, next_look_at = statement_timestamp(),
           ahead = null, expected_start_at = null
      from jobs join free using (place) where job.id = jobs.id
    returning job.id, job.tenant_id, free.id as slot_id),
filled as (update reports_slot slot set job_id = started.id from started where slot.id = started.slot_id),
got as (
    select chosen.*, (select count(*)::int from jobs where queue = chosen.id) as jobs from chosen),
counted as (
    update reports_tenantqueue queue
       set virtual_time = queue.virtual_time + got.jobs / got.weight, running = queue.running + got.jobs,
           -- Fewer than it counts: nothing but what others hold is left of it, so it is counted anew.
           queued = case when got.jobs = got.wanted then queue.queued - got.jobs else (
               select count(*) from reports_snapshotjob job where account_id = %(account)s and job.lane = queue.lane
                  and job.tenant_id = queue.tenant_id and status = 'queued' and admitted) - got.jobs end
      from got where queue.id = got.id),
clocks as (
    update reports_laneclock clock set virtual_time = greatest(clock.virtual_time, served.at)
      from (select lane, max(last) as at from chosen group by lane) served
     where clock.account_id = %(account)s and clock.lane = served.lane)
select short.was, started.id, started.tenant_id
  from (select exists (select from got where jobs < wanted) as was) short left join started on true
"""
# Two questions, because each fits an index of its own; every job that ever ended would fit one for both.
HAS_WORK = """
select exists (select from reports_snapshotjob where account_id = %(account)s and status = 'queued')
    or exists (select from reports_snapshotjob where account_id = %(account)s and status in ('starting', 'running', 'collecting'))
"""


def claim(account_id: int, most: int | None = None, *, spare: bool = False) -> int:
    """Fill free slots with waiting jobs, `most` at once or (None) all; the number of jobs that got one. In the engine's scope.

    `spare`: slots above the account's limit, for probing.py alone.
    """
    door, room, queued = _execute(ANYTHING, account=account_id, spare=spare).fetchone()
    if not (door or (room and queued)):
        return 0
    if door:
        admit.admit(account_id)
    else:
        admit.lock(account_id)
    return _fill(account_id, most, spare) if room else 0


def _fill(account_id: int, most: int | None, spare: bool) -> int:
    claimed = 0
    for _ in range(MAX_CLAIMS):
        limit = BATCH if most is None else min(BATCH, most - claimed)
        rows = _execute(CLAIM, account=account_id, most=limit, spare=spare).fetchall()
        started = [(job_id, tenant_id) for _short, job_id, tenant_id in rows if job_id]
        for job_id, tenant_id in started:
            log_move(job_id, tenant_id, Status.QUEUED, Status.STARTING, "slot")
        claimed += len(started)
        short = rows[0][0]
        # A queue that had fewer than it counted has left slots to others.
        if claimed == most or not (short or len(started) == BATCH):
            break
    return claimed


def has_work(account_id: int) -> bool:
    (found,) = _execute(HAS_WORK, account=account_id).fetchone()
    return bool(found)


def _execute(statement: str, **values: Any) -> Any:
    cursor = connection.cursor()
    cursor.execute(statement, values)
    return cursor
