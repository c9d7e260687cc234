"""A job has ended: what that means for those who wait for its files. In the transaction of the move, inside the tenant's scope."""

from __future__ import annotations

from datetime import datetime

from reports import event_data, measures, tallies
from reports.batches.ending import count_down
from reports.events import tell
from reports.gate.beginning import begin
from reports.links.job_ends import settle_links
from reports.models import Event, SnapshotJob
from reports.occurrences.job_ends import settle_deliveries
from reports.occurrences.settling import settle

TOLD = {
    SnapshotJob.Status.COMPLETED: Event.Type.JOB_COMPLETED,
    SnapshotJob.Status.FAILED: Event.Type.JOB_FAILED,
    SnapshotJob.Status.CANCELLED: Event.Type.JOB_CANCELLED,
}


def job_ended(job: SnapshotJob, now: datetime) -> None:
    cause = job.failure_code if job.status == SnapshotJob.Status.FAILED else ""
    tallies.count(measures.JOBS, account=job.account_id, status=job.status, cause=cause)
    if job.status == SnapshotJob.Status.COMPLETED and begin(job, now):
        # Whoever waits for its files goes on to wait, until its review is decided (reports/gate/).
        if job.occurrence_id:
            settle(job.occurrence_id, now)
    else:
        files_go_out(job, now)
    if batch := count_down(job, now):
        tell(job.tenant, Event.Type.BATCH_FINISHED, event_data.of_batch(batch), now)


def files_go_out(job: SnapshotJob, now: datetime) -> None:
    """Or there will be none."""
    settle_deliveries(job, now)
    settle_links(job, now)
    # Of a dry run its company knows nothing.
    if job.dry_run_tags is None:
        tell(job.tenant, TOLD[SnapshotJob.Status(job.status)], event_data.of_job(job), now)
