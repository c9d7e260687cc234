"""The end of a batch: with the end of the last of its jobs."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Case, F, When

from reports.models import Batch, SnapshotJob


def count_down(job: SnapshotJob, now: datetime) -> Batch | None:
    """The batch, if it ended with this job. Called once for each job, in the transaction of its move, inside the tenant's scope.

    Of two that end at once the second one waits for the first one's commit, so exactly one of them is the last.
    """
    if job.batch_id is None:
        return None
    row = Batch.objects.filter(pk=job.batch_id, tenant=job.tenant_id)
    row.update(open_jobs=F("open_jobs") - 1, ended_at=Case(When(open_jobs=1, then=now)))
    # Its row is ours until the commit.
    return row.filter(open_jobs=0).first()
