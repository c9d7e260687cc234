"""What every drawing of a job needs beside its own row."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext as _

from portal import waiting
from reports.models import Occurrence, Pause, Report, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from reports.models.reviews import with_review
from reports.retelling import retold
from reports.usual import LONG, usual_seconds
from tenants.models import Tenant

# Inside a tenant no other columns of people and accounts can be read.
COLUMNS = (
    *(field.name for field in SnapshotJob._meta.concrete_fields),
    *(f"report__{field.name}" for field in Report._meta.concrete_fields),
    "account__unanswered_since",
    "account__refused_since",
    "requested_by__email",
    "requested_by__name",
)


def for_pages(jobs: SnapshotJobQuerySet) -> SnapshotJobQuerySet:
    """The same jobs in the same order, with report, starter, schedule's name, whether QuickSight answers it and what pause holds it up.

    `jobs` is cut to what is shown.

    Joined by key after the cut: a sorted join of two tables under row-level security misleads the planner.
    """
    drawn = SnapshotJob.objects.filter(pk__in=jobs.values("pk")).order_by(*jobs.query.order_by)
    names = ("kind", "since", "because", "code", "probe_at")
    pauses = Pause.objects.holding_up(account_id=OuterRef("account"), tenant_id=OuterRef("tenant"), report_id=OuterRef("report"))
    pause = pauses.values(row=JSONObject(**{name: name for name in names}))
    drawn = drawn.select_related("report", "account", "requested_by").only(*COLUMNS)
    of_run = Occurrence.objects.filter(pk=OuterRef("occurrence"), tenant=OuterRef("tenant")).values("schedule__name")
    return with_review(drawn).annotate(held_by=Subquery(pause[:1]), schedule_name=Subquery(of_run))  # type: ignore[no-redef]


def starter(job: SnapshotJob) -> str:
    """Whoever started it, in the reader's language. What is stored of a schedule is the short name that never changes."""
    if job.schedule_name and job.actor.startswith("schedule "):
        return _("schedule %(name)s") % {"name": job.schedule_name}
    return job.requested_by.display_name if job.requested_by else retold(job.actor)


def with_pace(tenant: Tenant, jobs: Iterable[SnapshotJob], now: datetime) -> list[SnapshotJob]:
    """The same jobs; those that move know how long their report usually takes (None: not known), and whether they take longer."""
    jobs = list(jobs)
    moving = [job for job in jobs if not job.has_ended]
    usual = usual_seconds(tenant, (job.report_id for job in moving)) if moving else {}
    for job in moving:
        job.usual_seconds = usual.get(job.report_id)
        seconds = (now - job.counted_from).total_seconds()
        job.is_slow = job.status != SnapshotJob.Status.QUEUED and job.usual_seconds is not None and seconds > LONG * job.usual_seconds
    return jobs


def drawn(jobs: Iterable[SnapshotJob], now: datetime) -> list[tuple[object, ...]]:
    """What a page shows of each job and may change; how long it has been moving changes too, and is counted on by the browser."""
    return [
        (
            job.pk,
            job.status,
            job.review_status,
            job.attempt_count,
            waiting.why(job, now),
            waiting.place(job, now),
            job.finished_at,
            job.usual_seconds,
            job.is_slow,
            # The day that "today" means.
            timezone.localdate(now),
        )
        for job in jobs
    ]
