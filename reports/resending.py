"""Sending the files of one job again to those whom they did not reach."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from reports.models import Delivery, Occurrence, SnapshotJob
from reports.occurrences.acting import NOT_SERVED, send_again
from reports.occurrences.settling import settle
from reports.refused import Refused
from tenants.audit import Actor, record


@transaction.atomic
def resend_failed(job: SnapshotJob, actor: Actor, now: datetime) -> int:
    """How many; nobody who has the files gets another mail. In the tenant's scope. Raises Refused, and has done nothing then."""
    if job.status != SnapshotJob.Status.COMPLETED:
        raise Refused("job_not_completed", _("The job has no files to send. Run it again: they go to everybody who waits for them."))
    if job.is_past_days(job.tenant, now):
        raise Refused("file_gone", _("Its files are no longer here. Run the report again to have new ones."))
    if job.occurrence_id:
        # As settling does: first the occurrence, then what belongs to it.
        Occurrence.objects.for_tenant(job.tenant).select_for_update(of=("self",)).get(pk=job.occurrence_id)
    # Read anew: it may have been withdrawn while others held its occurrence.
    job.refresh_from_db(fields=["recalled_at"])
    if job.recalled_at:
        raise Refused("job_recalled", _("Its files were withdrawn: nobody gets them any more."))
    deliveries = Delivery.objects.for_tenant(job.tenant).filter(job=job)
    number = send_again(deliveries, now)
    if not number:
        raise Refused("nothing_failed", _nothing_left(deliveries.filter(status__in=NOT_SERVED).exists()))
    if job.occurrence_id:
        settle(job.occurrence_id, now)
    record(actor, "job.resent", now=now, tenant=job.tenant, about=job, after={"number": number})
    return number


def _nothing_left(some_failed: bool) -> str:
    if some_failed:
        return _("Nothing more is sent to the addresses that are left. One that bounced needs “Send again” under Recipients first.")
    return _("Nothing of this job failed to arrive.")
