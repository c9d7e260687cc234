"""What the end of a job means for links: corrected versions, and files that were prepared again. Called in the transaction of the move."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import Q, QuerySet

from reports.mails.recall_notices import tell_of_correction
from reports.models import Link, Notice, SnapshotJob
from reports.models.delivery import LinkQuerySet
from tenants.models import Tenant

Trigger = SnapshotJob.Trigger


def settle_links(job: SnapshotJob, now: datetime) -> None:
    """In the tenant's scope, of a job that was just completed, failed or cancelled."""
    waiting = Notice.objects.filter(
        tenant=job.tenant, job=job, kind=Notice.Kind.READY_AGAIN, status=Notice.Status.PENDING, next_try_at=None
    )
    if job.status != SnapshotJob.Status.COMPLETED:
        waiting.update(status=Notice.Status.FAILED, failure_code="job_failed", ended_at=now)
        return
    links = Link.objects.for_tenant(job.tenant)
    if lost := whose_files(job):
        _stay_withdrawn(lost, job)
        links.filter(job=lost).update(job=job)
        links.filter(superseded_by=lost).update(superseded_by=job)
        waiting.update(next_try_at=now)
    if job.replaces:
        _to_correct(links, job.replaces).exclude(job=job).update(superseded_by=job)
        if lost is None:
            tell_of_correction(job, _older(job), now)


def _stay_withdrawn(lost: SnapshotJob, job: SnapshotJob) -> None:
    """What was withdrawn while its files were prepared again stays so. Locked: or it is withdrawn after us, and we with it."""
    own = SnapshotJob.objects.for_tenant(job.tenant)
    lost = own.select_for_update(of=("self",), no_key=True).get(pk=lost.pk)
    if lost.recalled_at is None:
        return
    names = ("recalled_at", "recalled_by", "recalled_because")
    own.filter(pk=job.pk).update(**{name: getattr(lost, name) for name in names})
    job.files.update(recalled_at=lost.recalled_at)


def _older(job: SnapshotJob) -> set[uuid.UUID]:
    """All versions that it replaces, with those that prepared their files again."""
    found: set[uuid.UUID] = set()
    version = job.replaces
    while version and version.pk not in found:
        found.add(version.pk)
        version = version.replaces
    return found | made_again(job.tenant, SnapshotJob.objects.for_tenant(job.tenant).filter(pk__in=found))


def whose_files(job: SnapshotJob) -> SnapshotJob | None:
    """The job whose files this one prepares again, also when a person ran a failed such job again; else None."""
    while job.trigger == Trigger.RETRY and job.retry_of:
        job = job.retry_of
    return job.retry_of if job.trigger == Trigger.REMAKE else None


def made_again(tenant: Tenant, jobs: QuerySet[SnapshotJob]) -> set[uuid.UUID]:
    """Those that prepared the files of `jobs` again, however often, also when a person ran a failed one of them again."""
    everything = SnapshotJob.objects.for_tenant(tenant)
    failed = (SnapshotJob.Status.FAILED, SnapshotJob.Status.CANCELLED)
    found: set[uuid.UUID] = set()
    newer = set(everything.filter(retry_of__in=jobs, trigger=Trigger.REMAKE).values_list("pk", flat=True))
    while newer:
        found |= newer
        follows = Q(trigger=Trigger.REMAKE) | Q(trigger=Trigger.RETRY, retry_of__status__in=failed)
        newer = set(everything.filter(follows, retry_of__in=newer).values_list("pk", flat=True)) - found
    return found


def _to_correct(links: LinkQuerySet, old: SnapshotJob) -> LinkQuerySet:
    """Revoked and ended ones too: nobody is told by them, but a new one for the same address has to lead to the newest version."""
    again = made_again(old.tenant, SnapshotJob.objects.for_tenant(old.tenant).filter(pk=old.pk))
    return links.filter(Q(job=old) | Q(superseded_by=old) | Q(job__in=again))
