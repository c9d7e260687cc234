"""A job has ended: what that means for those who wait for its files. In the transaction of the move, inside the tenant's scope."""

from __future__ import annotations

from datetime import datetime

from reports import event_data
from reports.batches.ending import count_down
from reports.events import tell
from reports.links.job_ends import settle_links
from reports.models import Event, SnapshotJob
from reports.occurrences.job_ends import settle_deliveries

TOLD = {
    SnapshotJob.Status.COMPLETED: Event.Type.JOB_COMPLETED,
    SnapshotJob.Status.FAILED: Event.Type.JOB_FAILED,
    SnapshotJob.Status.CANCELLED: Event.Type.JOB_CANCELLED,
}


def job_ended(job: SnapshotJob, now: datetime) -> None:
    settle_deliveries(job, now)
    settle_links(job, now)
    # Of a dry run its company knows nothing.
    if job.dry_run_tags is None:
        tell(job.tenant, TOLD[SnapshotJob.Status(job.status)], event_data.of_job(job), now)
    if batch := count_down(job, now):
        tell(job.tenant, Event.Type.BATCH_FINISHED, event_data.of_batch(batch), now)
