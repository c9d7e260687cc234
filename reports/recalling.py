"""Withdrawing the files of a completed job after they were sent: from the commit on nobody gets them, by whatever way."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from reports import event_data
from reports.events import tell
from reports.links.job_ends import made_again, whose_files
from reports.mails.recall_notices import tell_of_recall
from reports.models import Delivery, Event, Occurrence, Review, SnapshotFile, SnapshotJob
from reports.models.jobs import SnapshotFileQuerySet
from reports.occurrences import rounds
from reports.occurrences.settling import settle
from reports.refused import Place, Refused
from tenants.audit import Actor, record

Status = Delivery.Status
RECALLED = "recalled"
MOST_REASON = 300


def check_reason(because: str) -> str:
    """On one line. Raises Refused."""
    because = " ".join(because.split())
    if not 0 < len(because) <= MOST_REASON:
        detail = _("Say in 1 to %(limit)d characters what was wrong: customers read it on the page of their link.") % {"limit": MOST_REASON}
        raise Refused("reason_missing", detail, (Place(("because",), "invalid", detail),))
    return because


def recall(job: SnapshotJob, because: str, actor: Actor, *, now: datetime) -> None:
    """`because`: what end customers read. In the tenant's scope. Raises Refused, and has done nothing then.

    A URL that was minted a moment before lives out its minute.
    """
    because = check_reason(because)
    job = _first(job)
    # Before anything is locked: who moves a job that still waits holds it, and waits for its occurrence.
    if job.status != SnapshotJob.Status.COMPLETED:
        raise Refused("job_not_completed", _("Only a job that has files can be withdrawn."))
    versions = _locked(job)
    row = SnapshotJob.objects.for_tenant(job.tenant).get(pk=job.pk)
    if Review.objects.filter(job=row).waiting().exists():
        raise Refused("job_held", _("Its files are held, so nobody has them. Decide that they are not sent."))
    if not rounds.gave_files(row):
        raise Refused("job_not_completed", _("It was not sent to anybody, so there is nothing to withdraw."))
    if row.recalled_at:
        raise Refused("job_recalled", _("This job was withdrawn already."))
    jobs = SnapshotJob.objects.for_tenant(job.tenant).filter(pk__in=versions)
    jobs.update(recalled_at=now, recalled_by=actor.label, recalled_because=because)
    _files(job, versions).update(recalled_at=now)
    _stop_deliveries(job, versions, now)
    job.refresh_from_db(fields=["recalled_at", "recalled_by", "recalled_because"])
    job.note("recalled", now, actor=actor.label, because=because)
    record(actor, "job.recalled", now=now, tenant=job.tenant, about=job, after={"because": because})
    tell(job.tenant, Event.Type.JOB_RECALLED, event_data.of_job(job), now)
    tell_of_recall(job, versions, now)


def _first(job: SnapshotJob) -> SnapshotJob:
    """One that only prepared the files of another one again is withdrawn with that one."""
    while lost := whose_files(job):
        lost.tenant, job = job.tenant, lost
    return job


def _locked(job: SnapshotJob) -> set[uuid.UUID]:
    """Its id, and those of the jobs that prepared its files again. Locked: none of them gives files anew until the commit.

    First the occurrence, as settling does. Such a job that still runs is not locked, which could wait for its end as that waits for us: its
    end asks for the locks of these, and finds that they were withdrawn (reports/links/job_ends.py).
    """
    if job.occurrence_id:
        Occurrence.objects.for_tenant(job.tenant).select_for_update(of=("self",)).get(pk=job.occurrence_id)
    own = SnapshotJob.objects.for_tenant(job.tenant)
    completed, known = own.filter(status=SnapshotJob.Status.COMPLETED), set[uuid.UUID]()
    found = {job.pk}
    while found - known:
        known |= found
        list(own.filter(pk__in=known).order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk"))
        again = made_again(job.tenant, own.filter(pk=job.pk))
        found = set(completed.filter(pk__in=again).values_list("pk", flat=True))
    return known


def _files(job: SnapshotJob, jobs: set[uuid.UUID]) -> SnapshotFileQuerySet:
    """Locked in the order in which downloads lock them."""
    files = SnapshotFile.objects.for_tenant(job.tenant).filter(job__in=jobs)
    list(files.order_by("pk").select_for_update(of=("self",), no_key=True).values_list("pk"))
    return files


def _stop_deliveries(job: SnapshotJob, jobs: set[uuid.UUID], now: datetime) -> None:
    """Those that did not leave yet. One that is on its way arrives, with a link that says that it was withdrawn."""
    waiting = Delivery.objects.for_tenant(job.tenant).filter(job__in=jobs, status=Status.PENDING)
    stopped = {"status": Status.SUPPRESSED, "failure_code": RECALLED, "next_try_at": None, "lease_until": None, "ended_at": now}
    if waiting.update(**stopped) and job.occurrence_id:
        settle(job.occurrence_id, now)
