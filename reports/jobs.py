"""Asking for a snapshot job, and what people may do with one. Pages and every API call the same functions."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from reports import parameters
from reports.engine.pump import wake
from reports.models import Format, Grant, SnapshotJob
from reports.models.catalogue import MAX_VISUALS
from reports.models.jobs import log_move
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant

Status = SnapshotJob.Status


@dataclass(frozen=True)
class Wanted:
    """What to run. `visual_ids` empty: all of the report's; `parameters`: name to a value or a list of values."""

    report: str
    formats: list[str]
    parameters: dict[str, Any] = field(default_factory=dict)
    visual_ids: list[str] = field(default_factory=list)
    lane: int = SnapshotJob.Lane.SCHEDULED
    trigger: str = SnapshotJob.Trigger.API
    form_key: uuid.UUID | None = None
    requested_prefix: str = ""
    retry_of: SnapshotJob | None = None


def submit(tenant: Tenant, actor: Actor, wanted: Wanted, *, now: datetime) -> SnapshotJob:
    """A queued job. Raises Refused, and then nothing was stored. Inside the tenant's scope.

    The same `form_key` again gives the first job back: a button pressed twice runs one report.
    """
    grant = find_grant(tenant, wanted.report)
    formats = check_formats(grant, wanted.formats)
    visual_ids = check_visuals(grant, formats, wanted.visual_ids)
    values = parameters.resolve(grant.report.parameters.all(), grant.parameters, wanted.parameters, tenant.zone, at=now)
    job = SnapshotJob(
        tenant=tenant,
        account_id=grant.report.account_id,
        report=grant.report,
        dashboard_id=grant.report.dashboard_id,
        sheet_id=grant.report.sheet_id,
        formats=formats,
        visual_ids=visual_ids,
        parameters=values,
        lane=wanted.lane,
        trigger=wanted.trigger,
        actor=actor.label,
        requested_by_id=actor.user_id,
        api_key_id=actor.api_key_id,
        retry_of=wanted.retry_of,
        form_key=wanted.form_key,
        requested_prefix=wanted.requested_prefix,
        created_at=now,
        deadline_at=now + settings.JOB_DEADLINE,
    )
    try:
        with transaction.atomic():
            job.save(force_insert=True)
    except IntegrityError:
        first = SnapshotJob.objects.for_tenant(tenant).filter(form_key=wanted.form_key).exclude(form_key=None).first()
        if first is None:
            raise
        if _same_wish(first, job):
            return first
        # Back in the browser, and something else chosen in the same form: that is another wish.
        return submit(tenant, actor, replace(wanted, form_key=None), now=now)
    job.note("queued", now, trigger=wanted.trigger, actor=actor.label)
    log_move(job.pk, job.tenant_id, "", job.status, wanted.trigger)
    # Robust: the job is stored, and a wake-up that could not be sent costs a minute; an error here would make the caller ask twice.
    transaction.on_commit(lambda: wake(job.account_id), robust=True)
    return job


def _same_wish(first: SnapshotJob, job: SnapshotJob) -> bool:
    return all(getattr(first, name) == getattr(job, name) for name in ("report_id", "formats", "visual_ids", "parameters", "retry_of_id"))


def find_grant(tenant: Tenant, slug: str) -> Grant:
    grant = Grant.objects.for_tenant(tenant).active().with_report().filter(report__slug=slug).first()
    if grant is None:
        raise Refused(
            "report_not_available", "There is no such report for you.", (Place(("report",), "does_not_exist", "Unknown report."),)
        )
    return grant


def check_formats(grant: Grant, wanted: list[str]) -> list[str]:
    """Unique, in our order. Raises Refused for none, or for one the report is not offered in."""
    if not wanted:
        raise Refused(
            "format_not_offered", "Choose at least one format.", (Place(("formats",), "required", "Choose at least one format."),)
        )
    for name in wanted:
        if name not in grant.report.formats:
            detail = f"{name} is not offered for this report. It comes as {', '.join(grant.report.formats)}."
            raise Refused("format_not_offered", detail, (Place(("formats",), "invalid_choice", detail),))
    return [name for name in Format.values if name in wanted]


def check_visuals(grant: Grant, formats: list[str], wanted: list[str]) -> list[str]:
    """The visuals that CSV and Excel are made of; empty when neither is wanted."""
    if not {Format.CSV, Format.EXCEL} & set(formats):
        return []
    for visual in wanted:
        if visual not in grant.report.visual_ids:
            detail = f"{visual} is not a visual of this report that can be exported."
            raise Refused("visual_not_offered", detail, (Place(("visuals",), "invalid_choice", detail),))
    return list(dict.fromkeys(wanted or grant.report.visual_ids))[:MAX_VISUALS]


def cancel(job: SnapshotJob, actor: Actor, *, now: datetime) -> None:
    """Only before it starts: QuickSight has no way to stop a snapshot. Raises Refused otherwise."""
    if job.status != Status.QUEUED or not job.move_to(Status.CANCELLED, finished_at=now):
        job.refresh_from_db()
        if job.status == Status.CANCELLED:
            return
        if job.has_ended:
            raise Refused("job_already_ended", "This job has already ended.")
        raise Refused("job_running", "This job is already running. QuickSight cannot stop it.")
    # A start that found all slots taken has left its attempt open.
    job.attempts.filter(ended_at=None).update(ended_at=now)
    job.note("cancelled", now, actor=actor.label)
    record(actor, "job.cancelled", now=now, tenant=job.tenant, about=job)


def retry(job: SnapshotJob, actor: Actor, *, form_key: uuid.UUID | None = None, now: datetime) -> SnapshotJob:
    """A new job that points at the old one, with the same wishes; history is not rewritten. `form_key` as for `submit`."""
    if not job.has_ended:
        raise Refused("job_not_ended", "This job is still running.")
    given = {name: values for name, values in job.parameters.items() if name not in _pinned(job)}
    wanted = Wanted(
        job.report.slug, job.formats, given, job.visual_ids, SnapshotJob.Lane.NOW, SnapshotJob.Trigger.RETRY, form_key, retry_of=job
    )
    return submit(job.tenant, actor, wanted, now=now)


def _pinned(job: SnapshotJob) -> dict[str, Any]:
    return find_grant(job.tenant, job.report.slug).parameters
