"""Files that are gone from S3 when somebody wants them: one new job makes them again, however many ask meanwhile."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from reports import jobs, notices, quotas
from reports.files import held
from reports.links.opening import offered
from reports.models import Link, Notice, SnapshotFile, SnapshotJob
from tenants.audit import Actor, record

Status, Trigger = SnapshotJob.Status, SnapshotJob.Trigger


def remake_of(job: SnapshotJob) -> SnapshotJob | None:
    """The job that prepares its files again, or tried to; None: they were not missed."""
    made = SnapshotJob.objects.for_tenant(job.tenant).filter(retry_of=job, trigger=Trigger.REMAKE).first()
    # A person may have run it again.
    while made and made.status in (Status.FAILED, Status.CANCELLED) and (again := made.retries.order_by("-created_at").first()):
        made = again
    return made


def is_gone(link: Link, now: datetime) -> bool:
    """All its files were kept for their days, and are handed out no more. Not while they are being prepared again."""
    if offered(link, now):
        return False
    remakes = (remake_of(link.job), remake_of(link.superseded_by) if link.superseded_by else None)
    return not any(remake and not remake.has_ended for remake in remakes)


def prepare_again(link: Link, file: SnapshotFile, actor: Actor, *, now: datetime) -> SnapshotJob:
    """The job that does it, and a mail to the link's address once it has. After S3 said that the file is gone; in the tenant's scope."""
    lost = link.superseded_by if link.superseded_by and file.job_id == link.superseded_by_id else link.job
    remake = make_again(lost, file, actor, now=now)
    # Locked, so that it cannot end between the look at it and the wish to be told.
    remake = SnapshotJob.objects.select_for_update().get(pk=remake.pk)
    if link.email and not remake.has_ended:
        key = f"ready again {remake.pk} {link.email}"
        waits = {"link": link, "job": remake, "next_try_at": None}
        notices.ask_for(link.tenant, Notice.Kind.READY_AGAIN, key[:200], link.email, now=now, language=link.language, **waits)
    return remake


def make_again(lost: SnapshotJob, file: SnapshotFile, actor: Actor, *, now: datetime) -> SnapshotJob:
    """The job that does it, or did. After S3 said that the file is gone; in the tenant's scope. Raises Refused for one that is held.

    What is prepared again passes no gate: only what was let through may be.
    """
    if file.held:
        raise held()
    return remake_of(lost) or _ask(lost, file, actor, now)


def _ask(lost: SnapshotJob, file: SnapshotFile, actor: Actor, now: datetime) -> SnapshotJob:
    """Exactly the same again: parameters and narrowing tags as they were frozen, whatever the grant pins today."""
    same = ("tenant", "report", "formats", "visual_ids", "parameters", "narrowing_tags", "replaces", "replaces_because")
    job = SnapshotJob(
        **{name: getattr(lost, name) for name in same},
        account_id=lost.report.account_id,
        dashboard_id=lost.report.dashboard_id,
        sheet_id=lost.report.sheet_id,
        lane=SnapshotJob.Lane.NOW,
        trigger=Trigger.REMAKE,
        retry_of=lost,
        actor=actor.label,
        # Two visitors at once: the constraint lets one job in.
        form_key=uuid.uuid5(lost.pk, "prepare again"),
        created_at=now,
        deadline_at=now + settings.JOB_DEADLINE,
    )
    try:
        with transaction.atomic():
            quotas.count_jobs(job.tenant, 1, now)
            jobs.enqueue([job], now)
    except IntegrityError:
        if first := remake_of(lost):
            return first
        raise
    lost.note("file_missing", now, name=file.name)
    record(actor, "job.file_missing", now=now, tenant=lost.tenant, about=lost, after={"file": file.name, "remake": str(job.pk)})
    return job
