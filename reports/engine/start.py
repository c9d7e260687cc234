"""Starting a job at QuickSight: what will be sent is frozen and committed first, so that a crash repeats it instead of doubling it."""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max
from django.utils.translation import gettext as _

from reports import catalogue, measures, parameters, retention, tallies
from reports.aws.errors import AccessDenied, AlreadyExists, AwsError, NotFound, NotYet, NoVerdict
from reports.aws.quicksight import Output, QuickSight, SnapshotRequest
from reports.engine import cadence, moves
from reports.failures import DISCARDED, cause_of
from reports.models import Attempt, Format, Grant, Report, SnapshotJob
from reports.refused import Refused
from reports.row_rules import rules_in_force
from reports.session_tags import refuse_unsafe_narrowing, refuse_unsafe_tags
from tenants.scope import engine_scope, tenant_scope
from tenants.session_tags import tags_of

Status = SnapshotJob.Status
Clock = Callable[[], datetime]


class CheckedByAnother(Exception):
    """Another thread asks about the report just now. Its call may hang, so nobody waits for it: the step was not done."""


@dataclass(frozen=True)
class Unchecked:
    """Nobody has asked QuickSight about the report since then."""

    report: Report
    since: datetime


_checks: defaultdict[uuid.UUID, threading.Lock] = defaultdict(threading.Lock)  # by report


def start(tenant_id: uuid.UUID, job_id: uuid.UUID, quicksight: QuickSight, clock: Clock) -> bool:
    """One start call; False when nothing was asked.

    Raises NoVerdict when QuickSight did not say; the attempt's id is then sent again. And CheckedByAnother.
    """
    began = clock()
    try:
        prepared = _prepare(tenant_id, job_id, began, clock())
        if isinstance(prepared, Unchecked):
            _preflight(prepared, quicksight, clock)
            prepared = _prepare(tenant_id, job_id, began, clock())
        if isinstance(prepared, Unchecked):
            raise NotYet("Preflight", "The report was changed while it was being checked.")
        return prepared is not None and _send(prepared, quicksight, clock)
    except Refused as refused:
        detail, code = refused.detail, refused.code
        moves.move(tenant_id, job_id, Status.STARTING, lambda job: moves.refuse(job, code, clock(), detail=detail))
        return False
    except NoVerdict:
        raise
    except AwsError as refusal:
        _refused(tenant_id, job_id, refusal, clock())
        return True


def _send(attempt: Attempt, quicksight: QuickSight, clock: Clock) -> bool:
    # AlreadyExists: our own id is known there, so an earlier call of ours was accepted and its answer lost.
    with suppress(AlreadyExists):
        quicksight.start_snapshot(_request(attempt))
    moves.move(attempt.tenant_id, attempt.job_id, Status.STARTING, lambda job: _accepted(job, attempt, clock()), snapshot_id=attempt.pk)
    return True


def _preflight(unchecked: Unchecked, quicksight: QuickSight, clock: Clock) -> None:
    """Ask QuickSight whether the tag rules still hold.

    Of many jobs of a report that wait together the first asks for all; a report without an answer keeps no other waiting.
    Network calls: no scope is open around them.
    """
    report, check = unchecked.report, _checks[unchecked.report.pk]
    if not check.acquire(blocking=False):
        raise CheckedByAnother
    try:
        if not _was_checked(unchecked, clock()):
            catalogue.check_and_store(quicksight, report.pk, report.account_id, clock())
    finally:
        check.release()


def _was_checked(unchecked: Unchecked, now: datetime) -> bool:
    """By another thread, between our look and our turn."""
    with engine_scope():
        return Report.objects.get(pk=unchecked.report.pk).is_checked(since=unchecked.since, now=now)


def _checked_since(job: SnapshotJob, began: datetime) -> datetime:
    """From when on a check counts. In the tenant's scope.

    One before the job was asked for says nothing about it, nor one before its last attempt ended: somebody may have switched the rules
    off since.

    `began` is when this start began: this host reads the database's clock with a delay, which must not make a check that follows count
    as one from before.
    """
    ended_at = job.attempts.aggregate(last=Max("ended_at"))["last"] if job.attempt_count else None
    return min(ended_at or job.asked_at, began)


def _prepare(tenant_id: uuid.UUID, job_id: uuid.UUID, began: datetime, now: datetime) -> Attempt | Unchecked | None:
    """The open attempt, made and committed now if there is none. Unchecked: somebody has to ask QuickSight about its report first.

    None when the job moved on without us. Raises Refused where the report is not the job's to run here any more.
    """
    with tenant_scope(tenant_id):
        # Locked: where a pump broke off, two threads may be at one job, and the second shall find the attempt of the first.
        job = SnapshotJob.objects.select_related("tenant", "report").select_for_update(of=("self",)).get(pk=job_id)
        if job.status != Status.STARTING:
            return None
        attempt = job.attempts.select_related("job").filter(ended_at=None).first() if job.attempt_count else None
        # Nothing was sent, and nobody wants it any more.
        if job.discarded_at and attempt is None:
            raise Refused(DISCARDED, "")
        # Asked once more only what may have been accepted already.
        if job.deadline_at <= now and not (attempt and job.no_verdicts):
            raise Refused("deadline_passed", "")
        _refuse_unoffered(job)
        since = _checked_since(job, began)
        if not job.report.is_checked(since=since, now=now):
            return Unchecked(job.report, since)
        tags = _safe_tags(job)
        if attempt is None:
            return _freeze(job, tags, now)
        asked_for = (attempt.session_tags, attempt.dashboard_id, attempt.sheet_id)
        if asked_for != (tags, job.report.dashboard_id, job.report.sheet_id):
            raise Refused("report_changed", "")
        return attempt


def _refuse_unoffered(job: SnapshotJob) -> None:
    """The job may have waited for hours: what was offered then may be withdrawn, or live in another account, now."""
    offered = Grant.objects.for_tenant(job.tenant).active().filter(report=job.report).exists()
    if not offered or job.account_id != job.report.account_id:
        raise Refused("report_not_available", "")


def _safe_tags(job: SnapshotJob) -> dict[str, str]:
    """Raises Refused when the tags cannot prove isolation: closed rather than somebody else's rows."""
    own = tags_of(job.tenant) if job.dry_run_tags is None else job.dry_run_tags
    # The tenant's last: whatever an audience has become, none of its tags takes the place of one.
    tags = job.narrowing_tags | own
    try:
        refuse_unsafe_narrowing(own, job.narrowing_tags, job.report)
        _refuse_unsafe(job.report, tags)
    except Refused as refused:
        # Data sets and keys mean nothing to most people: the cause's usual sentence first, then what was found.
        raise Refused(refused.code, f"{cause_of(refused.code).message} {refused.detail}") from refused
    return tags


def _refuse_unsafe(report: Report, tags: dict[str, str]) -> None:
    if report.is_refused:
        raise Refused(report.preflight_code or "rows_not_isolated", report.preflight_detail)
    refuse_unsafe_tags(tags, report.required_tags, report.row_rules, same_for_everyone=report.same_for_everyone)


def _freeze(job: SnapshotJob, tags: dict[str, str], now: datetime) -> Attempt:
    attempt = Attempt.objects.create(
        tenant=job.tenant,
        job=job,
        number=job.attempt_count + 1,
        dashboard_id=job.report.dashboard_id,
        sheet_id=job.report.sheet_id,
        session_tags=tags,
        parameters=_typed(job),
        dashboard_version=job.report.dashboard_version,
        row_rules=rules_in_force(job.report.row_rules, same_for_everyone=job.report.same_for_everyone),
        rules_read_at=job.report.preflight_at,
        bucket=job.tenant.bucket or settings.PORTAL_BUCKET,
        prefix=retention.prefix(retention.class_of(job.tenant), job.tenant_id, job.pk),
        created_at=now,
    )
    changes: dict[str, Any] = {"snapshot_id": attempt.pk, "snapshot_dashboard_id": attempt.dashboard_id, "object_seen_at": None}
    SnapshotJob.objects.filter(pk=job.pk).update(attempt_count=attempt.number, rendering_since=None, render_until=None, **changes)
    job.note("submitted", now, attempt=attempt.number)
    return attempt


def _typed(job: SnapshotJob) -> list[Any]:
    """[[name, type, values]]. A parameter that the report no longer has is not left out: its filter would be missing without a word."""
    if not job.parameters:
        return []
    kinds = {parameter.name: parameter.type for parameter in job.report.parameters.all()}
    gone = [name for name in job.parameters if name not in kinds]
    if gone:
        raise Refused("parameter_refused", _("The report no longer has the parameter %(name)s. Run it again.") % {"name": ", ".join(gone)})
    return [[name, kinds[name], values] for name, values in job.parameters.items()]


def _request(attempt: Attempt) -> SnapshotRequest:
    return SnapshotRequest(
        job_id=str(attempt.pk),
        dashboard_id=attempt.dashboard_id,
        sheet_id=attempt.sheet_id,
        outputs=tuple(outputs(attempt.job)),
        session_tags=attempt.session_tags,
        bucket=attempt.bucket,
        prefix=attempt.prefix,
        parameters=tuple((name, kind, _values(kind, values)) for name, kind, values in attempt.parameters),
    )


def _values(kind: str, values: list[Any]) -> tuple[Any, ...]:
    return tuple(parameters.to_python(kind, value) for value in values)


def outputs(job: SnapshotJob) -> list[Output]:
    """One file of the whole sheet as PDF, one Excel workbook of all visuals, one CSV of each."""
    found = [Output(Format.PDF)] if Format.PDF in job.formats else []
    if Format.EXCEL in job.formats:
        found.append(Output(Format.EXCEL, tuple(job.visual_ids)))
    if Format.CSV in job.formats:
        found += [Output(Format.CSV, (visual,)) for visual in job.visual_ids]
    return found


def _accepted(job: SnapshotJob, attempt: Attempt, now: datetime) -> None:
    is_first = job.started_at is None
    # The pump, which knows how long such a report takes, puts the first look off.
    changes: dict[str, Any] = {"next_look_at": now + timedelta(seconds=cadence.SHORTEST_LOOK), "lease_until": None, "no_verdicts": 0}
    changes |= {"waiting": "", "rendering_since": now, "render_until": now + timedelta(minutes=job.report.render_minutes)}
    if job.move_to(Status.RUNNING, started_at=job.started_at or now, **changes):
        Attempt.objects.filter(pk=attempt.pk).update(accepted_at=now, service_status="QUEUED")
        job.note("accepted", now)
        if is_first:
            lane = SnapshotJob.Lane(job.lane).name.lower()
            tallies.observe(measures.WAIT, (now - job.asked_at).total_seconds(), account=job.account_id, lane=lane)


def _refused(tenant_id: uuid.UUID, job_id: uuid.UUID, refusal: AwsError, now: datetime) -> None:
    code = _code(refusal)

    def act(job: SnapshotJob) -> None:
        for attempt in job.attempts.filter(ended_at=None):
            moves.end_attempt(job, attempt, now, code, refusal.code, refusal.message)
        moves.refuse(job, code, now)

    moves.move(tenant_id, job_id, Status.STARTING, act)


def _code(refusal: AwsError) -> str:
    if isinstance(refusal, AccessDenied):
        return "access_denied"
    return "report_missing" if isinstance(refusal, NotFound) else "parameter_refused"
