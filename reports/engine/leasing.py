"""Jobs under way, leased to whoever makes their next call, in the order of what a call is worth; and those that nobody asks about."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from reports.engine import limiter
from reports.models import Account, SnapshotJob

Status = SnapshotJob.Status

# Longer than a call with its time-outs; collecting reads up to seven files. What takes longer hangs, see takeover.py.
LEASE_SECONDS, COLLECTING_LEASE_SECONDS = 120, 900
# Longer than a pump's pause between two turns: else turns of the budget would pass unused.
SOON_SECONDS = 0.35

# A job is leased with a turn of the account's request budget, and only as many as may be sent soon: what becomes due meanwhile and is
# more urgent waits for few. Two turns ahead are always soon: where calls are far apart, somebody who asks for a turn as soon as the last
# one is over (a check of all reports) would else have each.
TAKE_DUE = """
with budget as materialized (
    select budget.account_id, look, probes, next.at, gap.seconds as gap, next.at <= soon.at as open,
           floor(extract(epoch from soon.at - next.at) / gap.seconds)::int + 1 as turns
      from reports_requestbudget budget join reports_account account on account.id = budget.account_id
     cross join lateral (select greatest(next_request_at, clock_timestamp()) as at) next
     cross join lateral (select 1 / (%(share)s * requests_per_second
           * case when slowed_until > statement_timestamp() then slowed_to else 1 end) as seconds) gap
     cross join lateral (select clock_timestamp() + make_interval(secs => greatest(%(soon)s, 2 * gap.seconds)) as at) soon
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
          job.traceparent, extract(epoch from budget.at - clock_timestamp())::float8 + line.place * budget.gap
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
    traceparent: str = ""
    # By time.monotonic: when its call may leave. None: it has to ask for a turn itself.
    send_at: float | None = None

    @property
    def seconds(self) -> int:
        """What a step of it may take at most. A look by the result call may go on to collect."""
        reads_files = self.status == Status.COLLECTING or (self.status == Status.RUNNING and self.look == Account.Look.RESULT)
        return COLLECTING_LEASE_SECONDS if reads_files else LEASE_SECONDS


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
