"""Asking for a snapshot job, and what people may do with one. Pages and every API call the same functions."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from reports import handing, parameters, quotas
from reports.caller_notes import check_notes
from reports.engine.pump import wake
from reports.job_ends import job_ended
from reports.models import Audience, Format, Grant, JobEvent, Report, Review, SnapshotJob
from reports.models.catalogue import MAX_VISUALS
from reports.models.jobs import log_move
from reports.occurrences import rounds
from reports.recalling import check_reason, recall
from reports.refused import Place, Refused
from reports.session_tags import refuse_unsafe_narrowing
from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.session_tags import tags_of

Status = SnapshotJob.Status
# The words that programs have for the lanes.
LANES = {lane.name.lower(): lane for lane in SnapshotJob.Lane}


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
    # The caller's own, shown back as they are.
    reference: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    # Whose rows these are. `narrowing_tags`: beside the tenant's own tags, never in place of one; None: those of the audience.
    audience: Audience | None = None
    narrowing_tags: dict[str, str] | None = None
    # `at`: what relative periods are worked out for, by default now.
    zone: ZoneInfo | None = None
    at: datetime | None = None
    replaces: SnapshotJob | None = None
    replaces_because: str = ""
    # In place of the tenant's own tags, for staff's eyes alone. None: no dry run.
    dry_run_tags: dict[str, str] | None = None


def submit(tenant: Tenant, actor: Actor, wanted: Wanted, *, now: datetime) -> SnapshotJob:
    """A queued job. Raises Refused, and then nothing was stored. Inside the tenant's scope.

    The same `form_key` again gives the first job back: a button pressed twice runs one report.
    """
    job = check(tenant, actor, wanted, now=now)
    try:
        with transaction.atomic():
            if wanted.dry_run_tags is None:
                quotas.take_jobs(tenant, 1, now)
            job.save(force_insert=True)
    except (IntegrityError, Refused):
        # Pressed twice, it asks for no more than it did the first time.
        first = SnapshotJob.objects.for_tenant(tenant).filter(form_key=wanted.form_key).exclude(form_key=None).first()
        if first is None:
            raise
        if _same_wish(first, job):
            return first
        # Back in the browser, and something else chosen in the same form: that is another wish.
        return submit(tenant, actor, replace(wanted, form_key=None), now=now)
    _announce([job], now)
    # Robust: the job is stored, and a wake-up that could not be sent costs a minute; an error here would make the caller ask twice.
    transaction.on_commit(lambda: wake(job.account_id), robust=True)
    return job


def check(tenant: Tenant, actor: Actor, wanted: Wanted, *, grant: Grant | None = None, now: datetime) -> SnapshotJob:
    """The job as `wanted` describes it, not stored. Raises Refused. Inside the tenant's scope.

    `grant`: of that report, where whoever asks for many has read it with its parameters; then nothing is asked of the database.
    """
    check_notes(wanted.reference, wanted.metadata)
    grant = grant or find_grant(tenant, wanted.report)
    formats = check_formats(grant, wanted.formats)
    visual_ids = check_visuals(grant, formats, wanted.visual_ids)
    zone, at = wanted.zone or tenant.zone, wanted.at or now
    values = parameters.resolve(grant.report.parameters.all(), grant.parameters, wanted.parameters, zone, at=at)
    return SnapshotJob(
        tenant=tenant,
        account_id=grant.report.account_id,
        report=grant.report,
        dashboard_id=grant.report.dashboard_id,
        sheet_id=grant.report.sheet_id,
        formats=formats,
        visual_ids=visual_ids,
        parameters=values,
        given_parameters=wanted.parameters,
        audience=wanted.audience,
        narrowing_tags=_narrowing(tenant, grant.report, wanted),
        reference=wanted.reference,
        metadata=wanted.metadata,
        lane=wanted.lane,
        trigger=wanted.trigger,
        actor=actor.label,
        requested_by_id=actor.user_id,
        api_key_id=actor.api_key_id,
        retry_of=wanted.retry_of,
        replaces=wanted.replaces,
        replaces_because=wanted.replaces_because,
        dry_run_tags=wanted.dry_run_tags,
        form_key=wanted.form_key,
        requested_prefix=wanted.requested_prefix,
        created_at=now,
        deadline_at=now + settings.JOB_DEADLINE,
    )


def _narrowing(tenant: Tenant, report: Report, wanted: Wanted) -> dict[str, str]:
    """Raises Refused for an audience whose tags would not narrow this report's rows."""
    if wanted.narrowing_tags is not None or wanted.audience is None:
        return wanted.narrowing_tags or {}
    tags = wanted.audience.session_tags
    if tags:
        try:
            refuse_unsafe_narrowing(tags_of(tenant), tags, report)
        except Refused as refused:
            place = Place(("audience",), "tag_not_narrowing", refused.detail)
            raise Refused("tag_not_narrowing", refused.detail, (place,)) from refused
    return tags


def enqueue(jobs: list[SnapshotJob], now: datetime) -> None:
    """Jobs that `check` made, stored together; whoever asks for many wakes the engine once, after the commit. Inside the tenant's scope.

    They are counted already: by `take_jobs` of reports/quotas.py, or `count_jobs`.
    """
    SnapshotJob.objects.bulk_create(jobs)
    _announce(jobs, now)


def _announce(jobs: Iterable[SnapshotJob], now: datetime) -> None:
    events = [
        JobEvent(tenant_id=job.tenant_id, job=job, at=now, type="queued", data={"trigger": job.trigger, "actor": job.actor}) for job in jobs
    ]
    JobEvent.objects.bulk_create(events)
    for job in jobs:
        log_move(job.pk, job.tenant_id, "", job.status, job.trigger)


def _same_wish(first: SnapshotJob, job: SnapshotJob) -> bool:
    names = ("report_id", "formats", "visual_ids", "parameters", "audience_id", "narrowing_tags", "retry_of_id", "replaces_id")
    notes = ("replaces_because", "reference", "metadata")
    return all(getattr(first, name) == getattr(job, name) for name in (*names, *notes))


def find_grant(tenant: Tenant, slug: str) -> Grant:
    grant = Grant.objects.for_tenant(tenant).active().with_report().filter(report__slug=slug).first()
    if grant is None:
        raise not_available()
    return grant


def not_available() -> Refused:
    return Refused(
        "report_not_available", _("There is no such report for you."), (Place(("report",), "does_not_exist", _("Unknown report.")),)
    )


def check_formats(grant: Grant, wanted: list[str]) -> list[str]:
    """Unique, in our order. Raises Refused for none, or for one the report is not offered in."""
    if not wanted:
        raise Refused(
            "format_not_offered", _("Choose at least one format."), (Place(("formats",), "required", _("Choose at least one format.")),)
        )
    for name in wanted:
        if name not in grant.report.formats:
            detail = _("%(name)s is not offered for this report. It comes as %(known)s.") % {
                "name": name,
                "known": ", ".join(grant.report.formats),
            }
            raise Refused("format_not_offered", detail, (Place(("formats",), "invalid_choice", detail),))
    return [name for name in Format.values if name in wanted]


def check_visuals(grant: Grant, formats: list[str], wanted: list[str]) -> list[str]:
    """The visuals that CSV and Excel are made of; empty when neither is wanted."""
    if not {Format.CSV, Format.EXCEL} & set(formats):
        return []
    for visual in wanted:
        if visual not in grant.report.visual_ids:
            detail = _("%(visual)s is not a visual of this report that can be exported.") % {"visual": visual}
            raise Refused("visual_not_offered", detail, (Place(("visuals",), "invalid_choice", detail),))
    return list(dict.fromkeys(wanted or grant.report.visual_ids))[:MAX_VISUALS]


def cancel(job: SnapshotJob, actor: Actor, *, discard: bool = False, now: datetime) -> None:
    """Before it starts; QuickSight has no way to stop a snapshot. Raises Refused otherwise.

    `discard`: one that runs goes on, and ends cancelled when its result comes. Twice is once.
    """
    if job.status == Status.QUEUED and take_back(job, now, "cancelled", actor=actor.label):
        record(actor, "job.cancelled", now=now, tenant=job.tenant, about=job)
        return
    # Locked: until the commit it cannot end, nor go back to the queue.
    job.refresh_from_db(from_queryset=SnapshotJob.objects.filter(tenant=job.tenant_id).select_for_update(of=("self",), no_key=True))
    if job.status == Status.QUEUED:
        cancel(job, actor, discard=discard, now=now)
    elif job.status in (Status.COMPLETED, Status.FAILED):
        raise Refused("job_already_ended", "This job has already ended.")
    elif not job.has_ended and not discard:
        raise Refused("job_running", "This job is already running. QuickSight cannot stop it.")
    elif not job.has_ended and job.discarded_at is None:
        _discard(job, actor, now)


def _discard(job: SnapshotJob, actor: Actor, now: datetime) -> None:
    job.discarded_at = now
    job.save(update_fields=["discarded_at"])
    job.note("discarded", now, actor=actor.label)
    record(actor, "job.discarded", now=now, tenant=job.tenant, about=job)


def take_back(job: SnapshotJob, now: datetime, event: str, **told: str) -> bool:
    """A queued job is cancelled, as its timeline's `event` says; False when somebody moved it first. Inside the tenant's scope."""
    if not job.move_to(Status.CANCELLED, finished_at=now):
        return False
    # A start that found all slots taken has left its attempt open.
    job.attempts.filter(ended_at=None).update(ended_at=now)
    job.note(event, now, **told)
    job_ended(job, now)
    return True


def retry(job: SnapshotJob, actor: Actor, *, form_key: uuid.UUID | None = None, now: datetime) -> SnapshotJob:
    """A new job that points at the old one, with the same wishes; history is not rewritten. `form_key` as for `submit`.

    Everybody who waited for its files waits for those of the new one. One that failed in an occurrence is made anew inside it; asked for
    twice, it is made once. One of a batch is made anew outside it.
    """
    if not job.has_ended:
        raise Refused("job_not_ended", "This job is still running.")
    newest = rounds.newest(job)
    if newest is not None and not newest.has_ended:
        return newest
    _refuse_held(newest or job)
    takes_over = newest is not None and not rounds.gave_files(newest)
    job = newest if newest is not None and takes_over else job
    wanted = _again(job, form_key)
    gave_none = not rounds.gave_files(job)
    if gave_none:
        # A correction that failed is still wanted as one.
        wanted = replace(wanted, replaces=job.replaces, replaces_because=job.replaces_because)
    again = submit(job.tenant, actor, wanted, now=now)
    if takes_over:
        rounds.take_over(job, again, now)
    elif newest is None and gave_none:
        handing.hand_over(job, again)
    return again


@transaction.atomic
def correct(
    job: SnapshotJob, actor: Actor, because: str, *, withdraw: bool = False, form_key: uuid.UUID | None = None, now: datetime
) -> SnapshotJob:
    """Run it again as a new version. Once that is ready, links of the old one show it first, with `because`: what end customers read.

    `withdraw`: nobody gets the files of the old one meanwhile, nor ever again.
    """
    if job.status != Status.COMPLETED:
        raise Refused("job_not_completed", "Only a job that has files can be corrected.")
    _refuse_held(job)
    if not rounds.gave_files(job):
        raise Refused("job_not_completed", _("It was not sent to anybody, so there is nothing to correct. Run it again."))
    because = check_reason(because)
    newer = submit(job.tenant, actor, replace(_again(job, form_key), replaces=job, replaces_because=because), now=now)
    if withdraw and job.recalled_at is None:
        recall(job, because, actor, now=now)
    return newer


def _refuse_held(job: SnapshotJob) -> None:
    if Review.objects.filter(job=job).waiting().exists():
        raise Refused("job_held", _("Its files are held. Release them, or decide that they are not sent, then run it again."))


def _again(job: SnapshotJob, form_key: uuid.UUID | None) -> Wanted:
    return wanted_again(job, find_grant(job.tenant, job.report.slug), form_key)


def wanted_again(job: SnapshotJob, grant: Grant, form_key: uuid.UUID | None) -> Wanted:
    """With the same narrowing tags: without them those who may see a part of the rows would be shown all of them. `grant`: its report's."""
    return Wanted(
        job.report.slug,
        job.formats,
        {name: values for name, values in job.parameters.items() if name not in grant.parameters},
        job.visual_ids,
        SnapshotJob.Lane.NOW,
        SnapshotJob.Trigger.RETRY,
        form_key,
        retry_of=job,
        reference=job.reference,
        metadata=job.metadata,
        audience=job.audience,
        narrowing_tags=job.narrowing_tags,
    )
