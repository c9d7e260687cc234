"""A job has ended: what that means for those who wait for its files. In the transaction of the move, inside the tenant's scope."""

from __future__ import annotations

from datetime import datetime

from reports.batches.ending import count_down
from reports.links.job_ends import settle_links
from reports.models import SnapshotJob
from reports.occurrences.job_ends import settle_deliveries


def job_ended(job: SnapshotJob, now: datetime) -> None:
    settle_deliveries(job, now)
    settle_links(job, now)
    count_down(job, now)
