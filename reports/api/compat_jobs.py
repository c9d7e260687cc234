"""The tenant's jobs by the names that clients of the older API use. Everything here runs inside the caller's scope."""

from __future__ import annotations

import uuid
from contextlib import suppress
from datetime import datetime

from reports import jobs
from reports.api.caller import Caller
from reports.api.compat_body import Submission, to_mapping
from reports.api.compat_http import CompatError
from reports.models import Grant, Report, Review, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from reports.models.reviews import with_review
from reports.refused import Refused
from tenants.audit import record

Status = SnapshotJob.Status


class JobNotFound(CompatError):
    """The same for every job that the caller cannot see, whether there is one or not."""

    def __init__(self) -> None:
        super().__init__(404, error="Job not found")


def submit(caller: Caller, wanted: Submission, now: datetime) -> SnapshotJob:
    """Raises Refused."""
    grant = find_grant(caller, wanted)
    request = jobs.Wanted(
        grant.report.slug,
        [wanted.format],
        to_mapping(wanted.parameters, grant.report.parameters.all()),
        wanted.visual_ids,
        wanted.lane,
        SnapshotJob.Trigger.COMPAT,
        requested_prefix=wanted.prefix,
    )
    return jobs.submit(caller.tenant, caller.actor, request, now=now)


def find_grant(caller: Caller, wanted: Submission) -> Grant:
    """The tenant's report on that sheet: the first by slug that offers format and visuals; else the first, whose reason is then given."""
    grants = Grant.objects.for_tenant(caller.tenant).active().with_report().order_by("report__slug")
    on_sheet = list(grants.filter(report__dashboard_id=wanted.dashboard_id, report__sheet_id=wanted.sheet_id))
    if not on_sheet:
        raise Refused("report_not_available", "dashboardId and sheetId name no report that this key's company may run.")
    fitting = (grant for grant in on_sheet if _offers(grant.report, wanted))
    return next(fitting, on_sheet[0])


def _offers(report: Report, wanted: Submission) -> bool:
    return wanted.format in report.formats and set(wanted.visual_ids) <= set(report.visual_ids)


def jobs_of(caller: Caller, dashboard_id: str) -> SnapshotJobQuerySet:
    """Without a dashboard all of them; none for one that the tenant does not know."""
    visible = with_review(SnapshotJob.objects.for_tenant(caller.tenant).visible())
    if not dashboard_id:
        return visible
    # PostgreSQL cannot even be asked for a text with NUL.
    reports = [] if "\0" in dashboard_id else Report.objects.filter(dashboard_id=dashboard_id).values_list("pk", flat=True)
    return visible.filter(report_id__in=list(reports))


def find_job(caller: Caller, dashboard_id: str, job_id: str) -> SnapshotJob:
    """Raises JobNotFound."""
    try:
        pk = uuid.UUID(job_id)
    except ValueError:
        raise JobNotFound from None
    job = with_review(SnapshotJob.objects.for_tenant(caller.tenant).visible()).select_related("report").filter(pk=pk).first()
    if job is None or job.dashboard_id != dashboard_id:
        raise JobNotFound
    return job


def hide(job: SnapshotJob, caller: Caller, now: datetime) -> bool:
    """Take an ended job off every list, cancelling it first if it still waits. False: it is running, or held, and stays."""
    if job.status == Status.QUEUED:
        # Refused: it was started or ended a moment ago, which is what is looked at next.
        with suppress(Refused):
            jobs.cancel(job, caller.actor, now=now)
    if not job.has_ended or job.review_status in Review.OPEN:
        return False
    if SnapshotJob.objects.for_tenant(caller.tenant).visible().filter(pk=job.pk).update(hidden_at=now):
        job.note("hidden", now, actor=caller.actor.label)
        record(caller.actor, "job.hidden", now=now, tenant=caller.tenant, about=job)
    return True
