"""A run whose files are there, and the reviewer worked by hand."""

from __future__ import annotations

import time
from datetime import timedelta

from django.db.models import F
from django.utils import timezone

from reports.gate import reviewing
from reports.gate.reviewer import HANDS, Reviewer
from reports.gate.taking import Round
from reports.job_ends import job_ended
from reports.models import Delivery, Event, Notice, Occurrence, Review, SnapshotJob
from tenants.audit import Actor
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.pretend_aws import BUCKET

ADAM, OLGA = Actor("adam@acme.example"), Actor("olga@acme.example")


def make_run(schedule, *, planned_at=None, people=(), tags=None) -> SnapshotJob:
    """The one job of an occurrence, rendering; `people` wait for it."""
    run = factories.make_occurrence(schedule=schedule, planned_at=planned_at, status="running", expanded_at=timezone.now())
    return add_job(run, people=people, tags=tags)


def add_job(run: Occurrence, *, people=(), tags=None) -> SnapshotJob:
    tags = tags or {}
    job = factories.make_job(
        tenant=run.tenant,
        report=run.schedule.report,
        status="collecting",
        occurrence=run,
        trigger="schedule",
        narrowing_tags=tags,
        fingerprint=str(sorted(tags.items()))[:64],
    )
    for address in people:
        recipient = factories.make_recipient(tenant=run.tenant, email=address)
        audience = factories.make_audience(schedule=run.schedule, name=f"for {address}", session_tags=tags, recipients=[recipient])
        factories.make_delivery(job=job, address=address, recipient=recipient, audience=audience, audience_name=audience.name)
    return job


def finish(aws, job: SnapshotJob, *bodies: bytes, format: str = "PDF", now=None, **fields) -> SnapshotJob:
    """Its files are in S3, and it ends as the engine ends it."""
    now = now or timezone.now()
    for body in bodies:
        file = factories.make_file(job=job, format=format, body=body, bucket=BUCKET, created_at=now, **fields)
        aws.client("s3").put_object(Bucket=file.bucket, Key=file.key, Body=body)
    return end(job, now)


def end(job: SnapshotJob, now=None) -> SnapshotJob:
    now = now or timezone.now()
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(status="completed", finished_at=now)
        found = SnapshotJob.objects.select_related("tenant", "report", "occurrence__schedule__tenant").get(pk=job.pk)
        job_ended(found, now)
    return found


def past(schedule, *sizes: int, tags=None, **fields) -> None:
    """Runs that went out, oldest first, a day apart and before today's; each with one PDF of so many bytes."""
    for days, size in enumerate(reversed(sizes), 1):
        at = timezone.now() - timedelta(days=days)
        run = factories.make_occurrence(schedule=schedule, planned_at=at, status="delivered")
        job = factories.make_job(
            tenant=run.tenant, report=schedule.report, status="completed", occurrence=run, narrowing_tags=tags or {}, now=at
        )
        factories.make_file(job=job, size_bytes=size, **fields)


def take(room: int = 100):
    with engine_scope():
        return Round().take(room)


def review_all(clock=timezone.now) -> int:
    """Everything that is due, one after the other in this thread, in the test's own transaction."""
    number = 0
    while taken := take():
        for one in taken:
            reviewing.see_to(one, clock)
        number += len(taken)
    return number


def run(seconds: float = 60) -> None:
    """A real reviewer with its threads, until nothing is due and nothing is looked into. For transactional tests."""
    reviewer, end = Reviewer(), time.monotonic() + seconds
    while reviewer.turn() or HANDS.carried():
        assert time.monotonic() < end, f"still busy after {seconds} s"
        time.sleep(0.02)


def let_pass(tenant, **time_passed) -> None:
    """For all that waits, as if so much time had gone by."""
    passed = timedelta(**time_passed)
    with tenant_scope(tenant):
        rows = Review.objects.filter(tenant=tenant, status__in=Review.OPEN)
        rows.update(next_try_at=F("next_try_at") - passed, lease_until=F("lease_until") - passed)


def review_of(job: SnapshotJob) -> Review:
    with tenant_scope(job.tenant_id):
        return Review.objects.get(job=job)


def found_in(job: SnapshotJob) -> list[str]:
    """Codes of what was found."""
    return [finding["code"] for finding in review_of(job).findings]


def run_of(job: SnapshotJob) -> Occurrence:
    with tenant_scope(job.tenant_id):
        return Occurrence.objects.select_related("tenant", "schedule__report", "schedule__tenant").get(pk=job.occurrence_id)


def deliveries_of(job: SnapshotJob) -> list[Delivery]:
    with tenant_scope(job.tenant_id):
        return list(Delivery.objects.filter(job=job).order_by("address"))


def told(tenant) -> list[str]:
    """Types of what companies' programs were told, oldest first."""
    with tenant_scope(tenant):
        return list(Event.objects.filter(tenant=tenant).order_by("created_at", "id").values_list("type", flat=True))


def mails(tenant) -> list[tuple[str, str]]:
    """Who is told by mail, and what."""
    with tenant_scope(tenant):
        rows = Notice.objects.filter(tenant=tenant, kind=Notice.Kind.HELD).order_by("created_at", "address")
        return [(notice.address, notice.data["what"]) for notice in rows]
