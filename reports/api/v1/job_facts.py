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
from tenants.compiled import Compiled, OneOf, Row, Slot, ask
from tenants.models import SessionTag, Tenant

Status = SnapshotJob.Status
# A delivery's states by the words of the counts.
COUNTED = {"pending": "pending", "sending": "pending", "sent": "sent", "bounced": "failed", "failed": "failed", "suppressed": "suppressed"}
NONE = dict.fromkeys(("pending", "sent", "failed", "suppressed"), 0)

OF_TENANT, OF_JOBS = Slot("tenant"), OneOf("job", "ids")
JOB = Compiled[SnapshotJob](lambda: SnapshotJob.objects.visible().filter(tenant=OF_TENANT, pk=Slot("job")))
REPORTS = Compiled[Report](lambda: Report.objects.filter(OneOf("pk", "ids")).values_list("pk", "slug"))
SCHEDULES = Compiled[Occurrence](lambda: Occurrence.objects.filter(OneOf("pk", "ids"), tenant=OF_TENANT).values_list("pk", "schedule"))
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
        OneOf("replaces", "ids"), tenant=OF_TENANT, dry_run_tags__isnull=True, status=Status.COMPLETED, recalled_at=None
    )
    return (
        ready.filter(Q(review=None) | Q(review__status=Review.Status.RELEASED)).order_by("created_at", "pk").values_list("replaces", "pk")
    )


CORRECTIONS = Compiled[SnapshotJob](_corrections)
# By the field that tells it.
QUESTIONS: dict[str, Compiled[Any]] = {
    "report": REPORTS,
    "schedule": SCHEDULES,
    "files": FILES,
    "attempts": ATTEMPTS,
    "events": EVENTS,
    "deliveries": DELIVERIES,
    "release": REVIEWS,
    "superseded_by": CORRECTIONS,
    "tags": TAGS,
}


class Facts:
    """`only`: the fields that were asked for; None: all of them. In the tenant's scope."""

    def __init__(self, tenant: Tenant, only: frozenset[str] | None, fields: frozenset[str]) -> None:
        self._tenant, self._asked = tenant, fields if only is None else fields & only

    def dress(self, jobs: Sequence[Any]) -> None:
        """Sets on each what JobRow and JobOut tell of it beside its own row."""
        answers = self._answers(jobs)
        slugs, schedules = dict(answers["report"]), dict(answers["schedule"])
        files, attempts, events = (self._by_job(field, answers[field]) for field in ("files", "attempts", "events"))
        counts = _counts(answers["deliveries"])
        superseded, reviews = dict(answers["superseded_by"]), dict(answers["release"])
        usual = self._usual(jobs)
        own = [{"key": key, "source": "tenant"} for (key,) in answers["tags"]]
        for job in jobs:
            job.slug, job.schedule_id = slugs.get(job.report_id), schedules.get(job.occurrence_id)
            job.shown_files, job.shown_attempts, job.shown_events = files[job.pk], attempts[job.pk], events[job.pk]
            job.counts = counts.get(job.pk, NONE)
            job.superseded, job.review_status = superseded.get(job.pk), reviews.get(job.pk)
            job.expected_end = _expected_end(job, usual.get(job.report_id))
            job.tag_list = own + [{"key": key, "source": "audience"} for key in sorted(job.narrowing_tags)]

    def _answers(self, jobs: Sequence[Any]) -> dict[str, list[Any]]:
        ids = {field: [job.pk for job in jobs] for field in QUESTIONS} | {
            "report": list({job.report_id for job in jobs}),
            "schedule": [job.occurrence_id for job in jobs if job.occurrence_id],
            # Written with the move to completed, so no other job has any.
            "files": [job.pk for job in jobs if job.status == Status.COMPLETED],
        }
        asked = [field for field in QUESTIONS if field in self._asked and ids[field]]
        answers: dict[str, list[Any]] = {field: [] for field in QUESTIONS}
        if asked:
            answers |= zip(
                asked, ask(*(QUESTIONS[field].with_values(tenant=self._tenant.pk, ids=ids[field]) for field in asked)), strict=True
            )
        return answers

    def _by_job(self, field: str, rows: list[Row]) -> dict[uuid.UUID, list[Any]]:
        found: dict[uuid.UUID, list[Any]] = defaultdict(list)
        for row in QUESTIONS[field].instances(rows):
            row.tenant = self._tenant
            found[row.job_id].append(row)
        return found

    def _usual(self, jobs: Sequence[Any]) -> dict[uuid.UUID, float]:
        moving = {job.report_id for job in jobs if not job.has_ended} if "expected_end_at" in self._asked else set()
        return usual_seconds(self._tenant, moving) if moving else {}


def _counts(rows: list[Row]) -> dict[uuid.UUID, dict[str, int]]:
    counts: dict[uuid.UUID, dict[str, int]] = {}
    for job, status, number in rows:
        counts.setdefault(job, dict(NONE))[COUNTED[status]] += number
    return counts


def _expected_end(job: Any, seconds: float | None) -> Any:
    """None: not known, or it has ended."""
    begins = job.started_at or job.expected_start_at
    return begins + timedelta(seconds=seconds) if seconds is not None and begins and not job.has_ended else None
