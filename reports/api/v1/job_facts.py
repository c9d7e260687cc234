"""What an answer about jobs tells beside their own rows: read for a whole page at once, and only what was asked for."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from reports.models import Delivery, Review, SnapshotJob
from reports.usual import usual_seconds
from tenants.models import Tenant
from tenants.session_tags import tags_of

Status = SnapshotJob.Status
# A delivery's states by the words of the counts.
COUNTED = {"pending": "pending", "sending": "pending", "sent": "sent", "bounced": "failed", "failed": "failed", "suppressed": "suppressed"}
NONE = dict.fromkeys(("pending", "sent", "failed", "suppressed"), 0)
# Fields that need more than the row, and the relation that holds it. Not joined: with row-level security on both tables the join is
# planned several times slower.
RELATED = {"report": "report", "schedule": "occurrence", "files": "files", "attempts": "attempts", "events": "events"}


class Facts:
    """`only`: the fields that were asked for; None: all of them."""

    def __init__(self, tenant: Tenant, only: frozenset[str] | None, fields: frozenset[str]) -> None:
        self._tenant, self._asked = tenant, fields if only is None else fields & only

    def draw(self, jobs: QuerySet[Any]) -> QuerySet[Any]:
        return jobs.prefetch_related(*(relation for field, relation in RELATED.items() if field in self._asked))

    def dress(self, jobs: Sequence[Any]) -> None:
        """Sets `shown_files`, `counts`, `superseded`, `expected_end`, `tag_list` and `review_status` on each."""
        ids = [job.pk for job in jobs]
        counts = self._counts(ids) if "deliveries" in self._asked else {}
        superseded = self._superseded(ids) if "superseded_by" in self._asked else {}
        reviews = self._reviews(ids) if "release" in self._asked else {}
        usual = self._usual(jobs) if "expected_end_at" in self._asked else {}
        own = sorted(tags_of(self._tenant)) if "tags" in self._asked and jobs else []
        for job in jobs:
            # Written with the move to completed, so no other job has any.
            job.shown_files = job.files.all() if "files" in self._asked and job.status == Status.COMPLETED else ()
            job.review_status = reviews.get(job.pk)
            job.counts = counts.get(job.pk, NONE)
            job.superseded = superseded.get(job.pk)
            job.expected_end = _expected_end(job, usual.get(job.report_id))
            narrowing = sorted(job.narrowing_tags)
            job.tag_list = [{"key": key, "source": "tenant"} for key in own] + [{"key": key, "source": "audience"} for key in narrowing]

    def _counts(self, ids: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, int]]:
        rows = Delivery.objects.for_tenant(self._tenant).filter(job__in=ids).values("job", "status").annotate(number=Count("pk"))
        counts: dict[uuid.UUID, dict[str, int]] = {}
        for job, status, number in rows.values_list("job", "status", "number"):
            of_job = counts.setdefault(job, dict(NONE))
            of_job[COUNTED[status]] += number
        return counts

    def _reviews(self, ids: list[uuid.UUID]) -> dict[uuid.UUID, str]:
        """Without the jobs that no gate stands before."""
        return dict(Review.objects.for_tenant(self._tenant).filter(job__in=ids).values_list("job", "status"))

    def _superseded(self, ids: list[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
        """The newest correction that is ready wins."""
        ready = SnapshotJob.objects.for_tenant(self._tenant).filter(replaces__in=ids, status=Status.COMPLETED, recalled_at=None)
        ready = ready.filter(Q(review=None) | Q(review__status=Review.Status.RELEASED))
        return {replaces: pk for replaces, pk in ready.order_by("created_at", "pk").values_list("replaces", "pk") if replaces}

    def _usual(self, jobs: Sequence[Any]) -> dict[uuid.UUID, float]:
        moving = {job.report_id for job in jobs if not job.has_ended}
        return usual_seconds(self._tenant, moving) if moving else {}


def _expected_end(job: Any, seconds: float | None) -> Any:
    """None: not known, or it has ended."""
    begins = job.started_at or job.expected_start_at
    return begins + timedelta(seconds=seconds) if seconds is not None and begins and not job.has_ended else None
