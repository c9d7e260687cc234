"""Taking work: free slots for waiting jobs, and started jobs that are due for a look. Each is one statement that skips locked rows."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from reports.engine import admit, limiter
from reports.models import Account, SnapshotJob
from reports.models.jobs import log_move

Status = SnapshotJob.Status

# Longer than a call with its time-outs; collecting reads up to seven files. What takes longer hangs, see takeover.py.
LEASE_SECONDS, COLLECTING_LEASE_SECONDS = 120, 900
# Longer than a pump's pause between two turns: else turns of the budget would pass unused.
SOON_SECONDS = 0.25
# Slots filled by one statement, whose work grows with their square; and statements in a row.
BATCH, MAX_CLAIMS = 24, 50

# Most turns of a busy pump find neither: no lock is taken then, and nothing is planned.
ANYTHING = """
select exists (select from reports_snapshotjob where account_id = %(account)s and status = 'queued' and not admitted),
       exists (select from reports_slot where account_id = %(account)s and enabled and spare = %(spare)s and job_id is null
                  and (rests_until is null or rests_until <= statement_timestamp()))
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
# A job is leased with a turn of the account's request budget, and only as many as may be sent soon: what becomes due meanwhile and is
# more urgent waits for few.
TAKE_DUE = """
with budget as materialized (
    select budget.account_id, look, probes, next.at, gap.seconds as gap, gap.seconds > 0 and next.at <= soon.at as open,
           floor(extract(epoch from soon.at - next.at) / gap.seconds)::int + 1 as turns
      from reports_requestbudget budget join reports_account account on account.id = budget.account_id
     cross join lateral (select greatest(next_request_at, clock_timestamp()) as at) next
     cross join lateral (select clock_timestamp() + make_interval(secs => %(soon)s) as at) soon
     cross join lateral (select 1 / (%(share)s * requests_per_second
           * case when slowed_until > statement_timestamp() then slowed_to else 1 end) as seconds) gap
     where budget.account_id = %(account)s for update of budget),
suspects as materialized (
    select exists (select from reports_snapshotjob
                    where account_id = %(account)s and status in ('starting', 'running', 'collecting')
                      and next_look_at <= statement_timestamp() and lease_until is null and crashes > 0) as wait),
due as materialized (
    select j.id, j.next_look_at + urgency.after as urgent_at
      from suspects, reports_snapshotjob j
     -- A start fills a slot, a look may free one; a look that is late by two seconds comes before a fresh start.
     cross join lateral (select
           case j.status when 'starting' then interval '0' when 'running' then interval '1 s' else interval '2 s' end as after) urgency
     where j.account_id = %(account)s and j.status in ('starting', 'running', 'collecting')
       and j.next_look_at <= statement_timestamp() and j.lease_until is null
       -- A suspect goes first, and one at a time: if the process dies again, it is known of whom.
       and (j.crashes > 0) = suspects.wait and (%(alone)s or not suspects.wait)
     order by urgent_at
     limit (select case when not open then 0 when wait then 1 else least(%(limit)s, turns) end from suspects, budget)
       for update of j skip locked),
line as materialized (select id, row_number() over (order by urgent_at) - 1 as place from due),
paid as (
    update reports_requestbudget set next_request_at = budget.at + make_interval(secs => budget.gap * calls.number)
      from budget, (select count(*) as number from due) calls
     where reports_requestbudget.account_id = budget.account_id and calls.number > 0)
update reports_snapshotjob job set lease_until = statement_timestamp() + make_interval(secs => case
       when job.status = 'collecting' or job.status = 'running' and budget.look = 'result' then %(collecting)s else %(lease)s end)
  from line, budget where job.id = line.id
returning job.id, job.tenant_id, job.status, job.crashes, job.lease_until, job.report_id, job.formats, job.snapshot_id,
          job.snapshot_dashboard_id, job.rendering_since, least(job.render_until, job.deadline_at), budget.look, budget.probes,
          extract(epoch from budget.at - clock_timestamp())::float8 + line.place * budget.gap
"""
RELEASE = """
update reports_snapshotjob job set lease_until = null, next_look_at = statement_timestamp() + interval '1 s'
  from unnest(%(jobs)s::uuid[], %(untils)s::timestamptz[]) as held (id, until)
 where job.id = held.id and job.lease_until = held.until and job.status in ('starting', 'running', 'collecting')
"""
ABSOLVE = """
update reports_snapshotjob set crashes = 0 where id = %(job)s and status in ('queued', 'starting', 'running', 'collecting')
"""
WAKE_UNANSWERED = """
update reports_snapshotjob set next_look_at = statement_timestamp()
 where account_id = %(account)s and status in ('starting', 'running', 'collecting') and waiting in ('no_answer', 'no_access')
"""
# Two questions, because each fits an index of its own; every job that ever ended would fit one for both.
HAS_WORK = """
select exists (select from reports_snapshotjob where account_id = %(account)s and status = 'queued')
    or exists (select from reports_snapshotjob where account_id = %(account)s and status in ('starting', 'running', 'collecting'))
"""
PAST_DEADLINE = """
select id, tenant_id, status from reports_snapshotjob
 where account_id = %(account)s and status = 'queued' and deadline_at <= statement_timestamp() limit %(limit)s
"""
STUCK = """
select id, tenant_id, status from reports_snapshotjob
 where account_id = %(account)s and status in ('starting', 'running', 'collecting')
   and deadline_at <= statement_timestamp() - make_interval(secs => %(grace)s) limit %(limit)s
"""
# A job under way asks until its deadline and says itself why it failed. This much later nobody asks any more.
STUCK_GRACE_SECONDS = 600


@dataclass(frozen=True)
class Lease:
    """`until` tells it from a later lease of the same job; None: the job was not leased, only found."""

    job_id: uuid.UUID
    tenant_id: uuid.UUID
    status: str
    crashes: int = 0
    until: datetime | None = None
    report_id: uuid.UUID | None = None
    formats: tuple[str, ...] = ()
    # Of the open attempt: what to ask QuickSight about, since when it renders, and when it has had long enough.
    snapshot_id: uuid.UUID | None = None
    dashboard_id: str = ""
    rendering_since: datetime | None = None
    given_up_at: datetime | None = None
    look: str = Account.Look.DESCRIBE
    probes: bool = False
    # By time.monotonic: when its call may leave. None: it has to ask for a turn itself.
    send_at: float | None = None

    @property
    def seconds(self) -> int:
        """What a step of it may take at most. A look by the result call may go on to collect."""
        reads_files = self.status == Status.COLLECTING or (self.status == Status.RUNNING and self.look == Account.Look.RESULT)
        return COLLECTING_LEASE_SECONDS if reads_files else LEASE_SECONDS


def claim(account_id: int, most: int | None = None, *, spare: bool = False) -> int:
    """Fill free slots with waiting jobs, `most` at once or (None) all; the number of jobs that got one. In the engine's scope.

    `spare`: slots above the account's limit, for probing.py alone.
    """
    inbox, room = _execute(ANYTHING, account=account_id, spare=spare).fetchone()
    if inbox or room:
        admit.admit(account_id)
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


def take_due(account_id: int, limit: int, *, alone: bool = True) -> list[Lease]:
    """Started jobs that want a call now, leased to the caller, who may try a suspect when `alone`. In the engine's scope."""
    seconds = {"lease": LEASE_SECONDS, "collecting": COLLECTING_LEASE_SECONDS, "soon": SOON_SECONDS, "share": limiter.SHARE}
    rows = _execute(TAKE_DUE, account=account_id, limit=limit, alone=alone, **seconds).fetchall()
    now = time.monotonic()
    return [Lease(*(*facts, now + wait)) for *facts, wait in rows]


def release(leases: list[Lease]) -> None:
    """Steps that were not done, or that nobody will finish: they are due again in a second. In the engine's scope.

    What was leased to somebody else meanwhile is left to them.
    """
    _execute(RELEASE, jobs=[lease.job_id for lease in leases], untils=[lease.until for lease in leases])


def absolve(job_id: uuid.UUID) -> None:
    """A step of it ended: whatever died or hung before, it was not this job's doing. In the engine's scope."""
    _execute(ABSOLVE, job=job_id)


def wake_unanswered(account_id: int) -> None:
    """QuickSight answers, or lets us in, again: nobody waits out a back-off."""
    _execute(WAKE_UNANSWERED, account=account_id)


def past_deadline(account_id: int, limit: int = 50) -> list[Lease]:
    """Jobs that waited for a slot until their deadline."""
    return [Lease(*row) for row in _execute(PAST_DEADLINE, account=account_id, limit=limit).fetchall()]


def stuck(account_id: int, limit: int = 50, *, grace: float = STUCK_GRACE_SECONDS) -> list[Lease]:
    """Jobs under way that should have ended so many seconds ago: no pump could be made for them, or each step of theirs broke."""
    return [Lease(*row) for row in _execute(STUCK, account=account_id, limit=limit, grace=grace).fetchall()]


def _execute(statement: str, **values: Any) -> Any:
    cursor = connection.cursor()
    cursor.execute(statement, values)
    return cursor
