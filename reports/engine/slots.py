"""Permission to run. A slot is a row; a job that leaves the states that hold one gives it back in the same transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import connection

# QuickSight had no room for it after all: that turn was none, and its tenant gets it back.
FREE = """
with freed as (
    update reports_slot slot set job_id = null, rests_until = %(rests_until)s from reports_snapshotjob job
     where slot.job_id = %(job)s and job.id = slot.job_id
    returning job.account_id, job.lane, job.tenant_id, job.status = 'queued' and job.waiting = 'slots_taken' as never_ran)
update reports_tenantqueue queue
   set running = greatest(0, running - 1), virtual_time = virtual_time - case when never_ran then 1 / weight else 0 end
  from freed join tenants_tenant tenant on tenant.id = freed.tenant_id
 where queue.account_id = freed.account_id and queue.lane = freed.lane and queue.tenant_id = freed.tenant_id
"""


def free(job_id: uuid.UUID, *, rests_until: datetime | None = None) -> None:
    """After the job's move, in the engine's scope. `rests_until`: QuickSight may go on rendering what was given up on, and counts it."""
    with connection.cursor() as cursor:
        cursor.execute(FREE, {"job": job_id, "rests_until": rests_until})
