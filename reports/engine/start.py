"""Starting a job at QuickSight: what will be sent is frozen and committed first, so that a crash repeats it instead of doubling it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings

from reports import catalogue, parameters
from reports.aws.errors import AccessDenied, AlreadyExists, AwsError, NotFound, NoVerdict
from reports.aws.quicksight import Output, QuickSight, SnapshotRequest
from reports.engine import cadence, moves
from reports.models import Attempt, Format, Report, SnapshotJob
from reports.refused import Refused
from reports.session_tags import refuse_unsafe_tags
from tenants.models import SessionTag
from tenants.scope import tenant_scope

Status = SnapshotJob.Status
Clock = Callable[[], datetime]


def start(tenant_id: uuid.UUID, job_id: uuid.UUID, quicksight: QuickSight, clock: Clock) -> None:
    """One start call. Raises NoVerdict when QuickSight did not say; the attempt's id is then sent again."""
    try:
        _preflight(tenant_id, job_id, quicksight, clock)
        request = _prepare(tenant_id, job_id, clock())
        if request is None:
            return
        quicksight.start_snapshot(request)
    except Refused as refused:
        detail, code = refused.detail, refused.code
        moves.move(tenant_id, job_id, Status.STARTING, lambda job: moves.fail(job, code, clock(), detail=detail))
        return
    except AlreadyExists:
        # Our own id is known there: an earlier call of ours was accepted and its answer lost.
        pass
    except NoVerdict:
        raise
    except AwsError as refusal:
        _refused(tenant_id, job_id, refusal, clock())
        return
    moves.move(tenant_id, job_id, Status.STARTING, lambda job: _accepted(job, clock()))


def _preflight(tenant_id: uuid.UUID, job_id: uuid.UUID, quicksight: QuickSight, clock: Clock) -> None:
    """A report recorded without a check is checked before its first start. Network calls: no scope is open around them."""
    with tenant_scope(tenant_id):
        report = SnapshotJob.objects.select_related("report").get(pk=job_id).report
    if report.preflight == Report.Preflight.NOT_CHECKED:
        catalogue.check_and_store(quicksight, report.pk, clock())


def _prepare(tenant_id: uuid.UUID, job_id: uuid.UUID, now: datetime) -> SnapshotRequest | None:
    """The request of the open attempt, made and committed now if there is none. None when the job moved on without us."""
    with tenant_scope(tenant_id):
        job = SnapshotJob.objects.select_related("tenant", "report").get(pk=job_id)
        if job.status != Status.STARTING:
            return None
        if job.deadline_at <= now and job.no_verdicts == 0:
            raise Refused("deadline_passed", "The job got its slot only after its deadline.")
        attempt = job.attempts.filter(ended_at=None).first() or _freeze(job, now)
        return _request(job, attempt)


def _freeze(job: SnapshotJob, now: datetime) -> Attempt:
    """Raises Refused when the tags cannot prove isolation: closed rather than somebody else's rows."""
    tags = dict(SessionTag.objects.filter(tenant=job.tenant).values_list("key", "value"))
    report = job.report
    if report.preflight == Report.Preflight.REFUSED:
        raise Refused("rows_not_isolated", report.preflight_detail)
    refuse_unsafe_tags(tags, report.required_tags, report.row_rules, same_for_everyone=report.same_for_everyone)
    attempt = Attempt.objects.create(
        tenant=job.tenant,
        job=job,
        number=job.attempt_count + 1,
        session_tags=tags,
        parameters=job.parameters,
        bucket=job.tenant.bucket or settings.PORTAL_BUCKET,
        prefix=f"t/{settings.JOB_RETENTION_CLASS}/{job.tenant_id}/{job.pk}/",
        created_at=now,
    )
    SnapshotJob.objects.filter(pk=job.pk).update(attempt_count=attempt.number)
    job.note("submitted", now, attempt=attempt.number)
    return attempt


def _request(job: SnapshotJob, attempt: Attempt) -> SnapshotRequest:
    kinds = {parameter.name: parameter.type for parameter in job.report.parameters.all()}
    return SnapshotRequest(
        job_id=str(attempt.pk),
        dashboard_id=job.report.dashboard_id,
        sheet_id=job.report.sheet_id,
        outputs=tuple(outputs(job)),
        session_tags=attempt.session_tags,
        bucket=attempt.bucket,
        prefix=attempt.prefix,
        parameters=tuple((name, kinds[name], _values(kinds[name], values)) for name, values in attempt.parameters.items() if name in kinds),
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


def _accepted(job: SnapshotJob, now: datetime) -> None:
    look_at = now + cadence.next_look(now - now)
    changes = {"next_look_at": look_at, "lease_until": None, "no_verdicts": 0, "waiting": ""}
    if job.move_to(Status.RUNNING, started_at=job.started_at or now, **changes):
        job.attempts.filter(ended_at=None).update(accepted_at=now, service_status="QUEUED")
        job.note("accepted", now)


def _refused(tenant_id: uuid.UUID, job_id: uuid.UUID, refusal: AwsError, now: datetime) -> None:
    code = _code(refusal)

    def act(job: SnapshotJob) -> None:
        for attempt in job.attempts.filter(ended_at=None):
            moves.end_attempt(attempt, now, code, refusal.code, refusal.message)
        moves.fail(job, code, now)

    moves.move(tenant_id, job_id, Status.STARTING, act)


def _code(refusal: AwsError) -> str:
    if isinstance(refusal, AccessDenied):
        return "access_denied"
    return "report_missing" if isinstance(refusal, NotFound) else "parameter_refused"
