"""What a move of a review means for those who wait for the files: in its transaction, the occurrence locked, in the tenant's scope."""

from __future__ import annotations

from datetime import datetime

from reports import event_data
from reports.events import tell
from reports.gate import telling_owners
from reports.job_ends import files_go_out
from reports.models import Delivery, Event, Review, SnapshotJob
from reports.occurrences import reasons
from reports.occurrences.settling import settle
from tenants.audit import Actor, record


def held(review: Review, now: datetime) -> None:
    job = review.job
    job.note("review_held", now, number=len(review.findings))
    tell(job.tenant, Event.Type.JOB_HELD, event_data.of_job(job), now)
    telling_owners.held(review, now)
    _settle(job, now)


def released(review: Review, now: datetime) -> None:
    """Its deliveries are due, its links lead to it, and programs are told that it is there."""
    job = review.job
    job.files.update(held=False)
    job.note("released" if review.decided_by else "passed", now, actor=review.decided_by)
    files_go_out(job, now)


def rejected(review: Review, now: datetime) -> None:
    _not_sent(review, reasons.REJECTED, now)
    review.job.note("rejected", now, actor=review.decided_by)


def lapsed(review: Review, now: datetime) -> None:
    """Nobody decided in time."""
    _not_sent(review, reasons.NOT_RELEASED, now)
    job = review.job
    job.note("not_released", now)
    record(Actor("gate"), "job.not_released", now=now, tenant=job.tenant, about=job)
    telling_owners.lapsed(review, now)


def _not_sent(review: Review, why: str, now: datetime) -> None:
    job = review.job
    waiting = Delivery.objects.for_tenant(job.tenant).filter(job=job, status=Delivery.Status.PENDING)
    waiting.update(status=Delivery.Status.SUPPRESSED, failure_code=why, next_try_at=None, ended_at=now)
    tell(job.tenant, Event.Type.JOB_REJECTED, event_data.of_job(job), now)
    _settle(job, now)


def _settle(job: SnapshotJob, now: datetime) -> None:
    if job.occurrence_id:
        settle(job.occurrence_id, now)
