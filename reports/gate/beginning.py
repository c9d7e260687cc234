"""Which jobs a gate stands before, and how their reviews begin: in the transaction in which their files come to be."""

from __future__ import annotations

from datetime import datetime

from reports.models import Review, Schedule, SnapshotJob

# A correction of a correction, or a failed one that was run again; more than people do by hand.
MOST_STEPS = 100


def begin(job: SnapshotJob, now: datetime) -> bool:
    """Whether the job, which just completed, is held back. In the tenant's scope."""
    if gate_of(job) is None:
        return False
    Review.objects.create(tenant_id=job.tenant_id, job=job, next_try_at=now, created_at=now)
    job.files.update(held=True)
    return True


def gate_of(job: SnapshotJob) -> Schedule | None:
    """The schedule that holds its files back; None: it goes out at once.

    A correction goes to those who got what it corrects, and so passes the same gate. What is prepared again was let through once.
    """
    if job.trigger == SnapshotJob.Trigger.REMAKE or job.dry_run_tags is not None:
        return None
    schedule = schedule_of(job)
    return schedule if schedule and schedule.release != Schedule.Release.AT_ONCE else None


def schedule_of(job: SnapshotJob) -> Schedule | None:
    """Its own, or that of what it corrects."""
    for _step in range(MOST_STEPS):
        if job.occurrence:
            return job.occurrence.schedule
        if job.replaces is None:
            return None
        job = job.replaces
    return None
