"""When the jobs under way are looked at next: worked out from how long such reports take, and written down for many jobs at once."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from reports.aws.errors import LimitReached
from reports.engine import cadence
from reports.engine.crew import News, Report, postpone
from reports.engine.leasing import Lease
from reports.engine.pace import Paces
from reports.engine.start import Clock
from reports.models import SnapshotJob

Status = SnapshotJob.Status
# Only in the state, and under the lease, that the report was about: whoever moved or leased a job since has said themselves when to look.
# Locked in the order in which `events` locks them.
WRITE = """
with later as materialized (
    select * from unnest(%(jobs)s::uuid[], %(statuses)s::text[], %(untils)s::timestamptz[], %(waits)s::float8[])
             as told (id, status, until, wait)),
held as materialized (select id from reports_snapshotjob where id in (select id from later) order by id for update)
update reports_snapshotjob job
   -- S3 told of a file already, perhaps while the call was under way: the end is near, whatever was to be expected.
   set next_look_at = statement_timestamp() + make_interval(secs => case when job.object_seen_at is null then later.wait
           else least(later.wait, greatest(%(soon)s, %(share)s * extract(epoch from statement_timestamp() - job.object_seen_at))) end),
       lease_until = null, no_verdicts = 0,
       waiting = case job.status when 'starting' then 'slots_taken' else '' end
  from later join held using (id)
 where job.id = later.id and job.status = later.status and job.lease_until is not distinct from later.until
"""


@dataclass(frozen=True)
class Later:
    """`lease`: of which its report leaves the job; `until` None: of none any more. `due_at` by time.monotonic."""

    lease: Lease
    status: str
    until: datetime | None
    due_at: float


class Pacing:
    """Of one pump's jobs."""

    def __init__(self, account_id: int, clock: Clock) -> None:
        self.paces = Paces(account_id)
        self._hears = False
        self._clock = clock
        self._later: list[Later] = []
        # The one that is offered again and again until a slot is free. Others that find none go back to the queue.
        self._probing: uuid.UUID | None = None

    def load(self) -> None:
        """In the engine's scope."""
        self.paces.load()

    def heard(self, at: datetime | None) -> None:
        """When S3's events last told of a job of the account: while they come, they are relied on."""
        self._hears = at is not None and self._clock() - at < cadence.HEARD_LATELY

    @property
    def is_probing(self) -> bool:
        return self._probing is not None

    @property
    def _share(self) -> float:
        if self._hears:
            return cadence.LOOK_SHARE_WITH_EVENTS
        return cadence.LOOK_SHARE_WHILE_PROBING if self._probing else cadence.LOOK_SHARE

    @property
    def unwritten(self) -> list[Lease]:
        """Jobs that are leased still, and in nobody's hand."""
        return [later.lease for later in self._later if later.until]

    def hear(self, report: Report) -> None:
        lease = report.lease
        if report.news == News.NOT_YET:
            self._look_later(lease, Status.RUNNING, lease.until, self._age(lease.rendering_since))
        elif report.news == News.NO_SLOT:
            self._no_slot(lease)
        elif lease.status == Status.STARTING:
            self._probing = None if self._probing == lease.job_id else self._probing
        if report.news == News.STARTED:
            self._look_later(lease, Status.RUNNING, None, 0.0)
        if report.rendered_seconds is not None:
            self.paces.learn(lease.report_id, lease.formats, report.rendered_seconds)

    def write(self) -> None:
        """In the engine's scope; once that is committed, `written` is called."""
        later = self._later
        self.paces.save()
        if not later:
            return
        now = time.monotonic()
        values: dict[str, Any] = {
            "jobs": [each.lease.job_id for each in later],
            "statuses": [each.status for each in later],
            "untils": [each.until for each in later],
            "waits": [max(0.0, each.due_at - now) for each in later],
            "soon": cadence.LOOK_AFTER_OBJECT,
            "share": cadence.LOOK_SHARE_OF_AGE,
        }
        with connection.cursor() as cursor:
            cursor.execute(WRITE, values)

    def written(self) -> None:
        self._later = []

    def _look_later(self, lease: Lease, status: str, until: datetime | None, age: float) -> None:
        wait = cadence.next_look(age, self.paces.expected(lease.report_id, lease.formats), self._share)
        self._later.append(Later(lease, status, until, time.monotonic() + wait))

    def _age(self, since: datetime | None) -> float:
        return (self._clock() - since).total_seconds() if since else 0.0

    def _no_slot(self, lease: Lease) -> None:
        if self._probing not in (None, lease.job_id):
            if postpone(lease, LimitReached("LimitExceededException", ""), self._clock):
                return
            # The database did not answer: it is offered once more.
        else:
            self._probing = lease.job_id
        self._later.append(Later(lease, Status.STARTING, lease.until, time.monotonic() + cadence.PROBE_START))
