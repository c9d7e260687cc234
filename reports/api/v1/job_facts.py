"""What an answer about jobs tells beside their own rows: read for a whole page at once, and only what was asked for.

One of the most frequent questions there are, so its SQL is written once (tenants/compiled.py). Nothing is joined that row-level security
guards on both sides: such a join is planned several times slower.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q

from reports.models import Attempt, Delivery, JobEvent, Occurrence, Report, Review, SnapshotFile, SnapshotJob
from reports.usual import usual_seconds
from tenants.compiled import Compiled, OneOf, Slot
from tenants.models import SessionTag, Tenant

Status = SnapshotJob.Status
# A delivery's states by the words of the counts.
COUNTED = {"pending": "pending", "sending": "pending", "sent": "sent", "bounced": "failed", "failed": "failed", "suppressed": "suppressed"}
NONE = dict.fromkeys(("pending", "sent", "failed", "suppressed"), 0)

OF_TENANT, OF_JOBS = Slot("tenant"), OneOf("job", "jobs")
JOB = Compiled[SnapshotJob](lambda: SnapshotJob.objects.visible().filter(tenant=OF_TENANT, pk=Slot("job")))
REPORTS = Compiled[Report](lambda: Report.objects.filter(OneOf("pk", "reports")).values_list("pk", "slug"))
SCHEDULES = Compiled[Occurrence](
    lambda: Occurrence.objects.filter(OneOf("pk", "occurrences"), tenant=OF_TENANT).values_list("pk", "schedule")
)
FILES = Compiled[SnapshotFile](lambda: SnapshotFile.objects.filter(OF_JOBS, tenant=OF_TENANT))
ATTEMPTS = Compiled[Attempt](lambda: Attempt.objects.filter(OF_JOBS, tenant=OF_TENANT))
EVENTS = Compiled[JobEvent](lambda: JobEvent.objects.filter(OF_JOBS, tenant=OF_TENANT))
DELIVERIES = Compiled[Delivery](
    lambda: (
        Delivery.objects.filter(OF_JOBS, tenant=OF_TENANT)
        .values("job", "status")
        .annotate(number=Count("pk"))
        .values_list("job", "status", "number")
    )
)
# Without the jobs that no gate stands before.
REVIEWS = Compiled[Review](lambda: Review.objects.filter(OF_JOBS, tenant=OF_TENANT).values_list("job", "status"))
TAGS = Compiled[SessionTag](lambda: SessionTag.objects.filter(tenant=OF_TENANT).order_by("key").values_list("key"))


def _corrections() -> Any:
    """Ready ones, the newest last."""
    ready = SnapshotJob.objects.filter(
        OneOf("replaces", "jobs"), tenant=OF_TENANT, dry_run_tags__isnull=True, status=Status.COMPLETED, recalled_at=None
    )
    return (
        ready.filter(Q(review=None) | Q(review__status=Review.Status.RELEASED)).order_by("created_at", "pk").values_list("replaces", "pk")
    )


CORRECTIONS = Compiled[SnapshotJob](_corrections)


class Facts:
    """`only`: the fields that were asked for; None: all of them. In the tenant's scope."""

    def __init__(self, tenant: Tenant, only: frozenset[str] | None, fields: frozenset[str]) -> None:
        self._tenant, self._asked = tenant, fields if only is None else fields & only

    def dress(self, jobs: Sequence[Any]) -> None:
        """Sets on each what JobRow and JobOut tell of it beside its own row."""
        ids = [job.pk for job in jobs]
        completed = [job.pk for job in jobs if job.status == Status.COMPLETED]
        slugs = self._by("report", REPORTS, reports=list({job.report_id for job in jobs}))
        schedules = self._by("schedule", SCHEDULES, occurrences=[job.occurrence_id for job in jobs if job.occurrence_id])
        # Written with the move to completed, so no other job has any.
        files = self._of_jobs("files", FILES, completed)
        attempts, events = self._of_jobs("attempts", ATTEMPTS, ids), self._of_jobs("events", EVENTS, ids)
        counts = self._counts(ids)
        superseded, reviews = self._by("superseded_by", CORRECTIONS, jobs=ids), self._by("release", REVIEWS, jobs=ids)
        usual = self._usual(jobs)
        own = [{"key": key, "source": "tenant"} for (key,) in TAGS.tuples(tenant=self._tenant.pk)] if "tags" in self._asked and jobs else []
        for job in jobs:
            job.slug, job.schedule_id = slugs.get(job.report_id), schedules.get(job.occurrence_id)
            job.shown_files, job.shown_attempts, job.shown_events = files[job.pk], attempts[job.pk], events[job.pk]
            job.counts = counts.get(job.pk, NONE)
            job.superseded, job.review_status = superseded.get(job.pk), reviews.get(job.pk)
            job.expected_end = _expected_end(job, usual.get(job.report_id))
            job.tag_list = own + [{"key": key, "source": "audience"} for key in sorted(job.narrowing_tags)]

    def _by(self, field: str, of: Compiled[Any], **values: list[uuid.UUID]) -> dict[Any, Any]:
        """The second column by the first."""
        (wanted,) = values.values()
        return dict(of.tuples(tenant=self._tenant.pk, **values)) if field in self._asked and wanted else {}

    def _of_jobs(self, field: str, of: Compiled[Any], jobs: list[uuid.UUID]) -> dict[uuid.UUID, list[Any]]:
        found: dict[uuid.UUID, list[Any]] = defaultdict(list)
        for row in of.rows(tenant=self._tenant.pk, jobs=jobs) if field in self._asked and jobs else ():
            row.tenant = self._tenant
            found[row.job_id].append(row)
        return found

    def _counts(self, jobs: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, int]]:
        counts: dict[uuid.UUID, dict[str, int]] = {}
        for job, status, number in DELIVERIES.tuples(tenant=self._tenant.pk, jobs=jobs) if "deliveries" in self._asked and jobs else ():
            counts.setdefault(job, dict(NONE))[COUNTED[status]] += number
        return counts

    def _usual(self, jobs: Sequence[Any]) -> dict[uuid.UUID, float]:
        moving = {job.report_id for job in jobs if not job.has_ended} if "expected_end_at" in self._asked else set()
        return usual_seconds(self._tenant, moving) if moving else {}


def _expected_end(job: Any, seconds: float | None) -> Any:
    """None: not known, or it has ended."""
    begins = job.started_at or job.expected_start_at
    return begins + timedelta(seconds=seconds) if seconds is not None and begins and not job.has_ended else None
