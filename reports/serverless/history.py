"""Jobs of the serverless solution as history of a tenant: what ended there, without files, counted in no quota and shown to nobody else.

Each gets an id made of its own, so that bringing the same table over again adds nothing.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from reports.models import Format, Grant, JobEvent, Report, SnapshotJob
from reports.serverless.export import Record
from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.secrets import is_storable

ENDED = {"COMPLETED": SnapshotJob.Status.COMPLETED, "FAILED": SnapshotJob.Status.FAILED}
AT_ONCE = 1000
MAX_ID, MAX_REASON = 512, 500
OTHER_NAMES = {"XLS": Format.EXCEL, "XLSX": Format.EXCEL}
# Where the table, or what wrote it, may have put the reason of a failure.
REASONS = ("errorMessage", "errorInfo", "ErrorInfo", "error", "failureReason", "reason")


class Skipped(Exception):
    """Why a record becomes no job, as a sentence."""


@dataclass(frozen=True)
class Old:
    """A job as the table has it. `place`: dashboard and sheet."""

    number: int
    place: tuple[str, str]
    job_id: str
    status: str
    format: str
    visual_ids: list[str]
    parameters: dict[str, list[Any]]
    created_at: datetime
    ended_at: datetime
    reason: str


@dataclass
class Outcome:
    """`skipped`: number of a record and why. `unknown`: how many jobs of each dashboard and sheet that no report of the tenant shows."""

    imported: int = 0
    known: int = 0
    skipped: list[tuple[int, str]] = field(default_factory=list)
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)


@transaction.atomic
def bring_over(tenant: Tenant, actor: Actor, records: Iterable[Record], places: Mapping[str, str], now: datetime) -> Outcome:
    """All of it or nothing. Ids that are there already are left alone. In the tenant's scope.

    `places`: a dashboard, or dashboard/sheet, of the table -> the slug of the report that shows it here. Without an entry it is the report
    of the tenant on that dashboard and sheet. Raises Refused where `records` does.
    """
    outcome, reports = Outcome(), _Reports(tenant, places)
    found = list(_read(records, outcome, now))
    for start in range(0, len(found), AT_ONCE):
        _save(tenant, actor, found[start : start + AT_ONCE], reports, outcome, now)
    if outcome.imported:
        record(actor, "jobs.imported", now=now, tenant=tenant, after={"jobs": outcome.imported})
    return outcome


def id_of(tenant: Tenant, place: tuple[str, str], job_id: str) -> uuid.UUID:
    """Two tenants may be given the same table."""
    return uuid.uuid5(tenant.pk, f"{place[0]}/{job_id}")


def _read(records: Iterable[Record], outcome: Outcome, now: datetime) -> Iterator[Old]:
    for single in records:
        try:
            yield _old(single, now)
        except Skipped as skipped:
            outcome.skipped.append((single.number, str(skipped)))


def _save(tenant: Tenant, actor: Actor, some: Iterable[Old], reports: _Reports, outcome: Outcome, now: datetime) -> None:
    fitting: dict[uuid.UUID, tuple[Old, Report]] = {}
    for old in some:
        report = reports.of(old)
        if report is None:
            outcome.unknown[old.place] += 1
        else:
            fitting.setdefault(id_of(tenant, old.place, old.job_id), (old, report))
    there = set(SnapshotJob.objects.filter(tenant=tenant, pk__in=fitting).values_list("pk", flat=True))
    jobs = [_job(tenant, actor, pk, old, report) for pk, (old, report) in fitting.items() if pk not in there]
    SnapshotJob.objects.bulk_create(jobs)
    JobEvent.objects.bulk_create(_event(job, fitting[job.pk][0], now) for job in jobs)
    outcome.imported += len(jobs)
    outcome.known += len(there)


def _job(tenant: Tenant, actor: Actor, pk: uuid.UUID, old: Old, report: Report) -> SnapshotJob:
    failed = old.status == SnapshotJob.Status.FAILED
    return SnapshotJob(
        pk=pk,
        tenant=tenant,
        account_id=report.account_id,
        report=report,
        dashboard_id=old.place[0],
        sheet_id=old.place[1],
        status=old.status,
        trigger=SnapshotJob.Trigger.IMPORTED,
        formats=[old.format],
        visual_ids=old.visual_ids,
        parameters=old.parameters,
        actor=actor.label,
        reference=old.job_id[:200],
        created_at=old.created_at,
        deadline_at=old.created_at + settings.JOB_DEADLINE,
        finished_at=old.ended_at,
        failure_code="report_failed" if failed else "",
    )


def _event(job: SnapshotJob, old: Old, now: datetime) -> JobEvent:
    """The reason of a failure is not shown: it is AWS's own text."""
    return job.event("imported", now, job=old.job_id, **({"reason": old.reason} if old.reason else {}))


class _Reports:
    """Of the tenant, found as the older API finds them: the first by slug that offers the format and the visuals, else the first."""

    def __init__(self, tenant: Tenant, places: Mapping[str, str]) -> None:
        grants = Grant.objects.for_tenant(tenant).active().with_report().order_by("report__slug")
        self.reports, self.places = [grant.report for grant in grants], places

    def of(self, old: Old) -> Report | None:
        dashboard, sheet = old.place
        slug = self.places.get(f"{dashboard}/{sheet}", self.places.get(dashboard))
        if slug is not None:
            return next((report for report in self.reports if report.slug == slug), None)
        on_sheet = [report for report in self.reports if (report.dashboard_id, report.sheet_id) == old.place]
        fitting = (report for report in on_sheet if old.format in report.formats and set(old.visual_ids) <= set(report.visual_ids))
        return next(fitting, on_sheet[0] if on_sheet else None)


def _old(single: Record, now: datetime) -> Old:
    """Raises Skipped."""
    values = single.values
    job_id, dashboard, sheet = (_text(values, name) for name in ("jobId", "dashboardId", "sheetId"))
    status = str(values.get("jobStatus") or "").upper()
    if status not in ENDED:
        raise Skipped(f"{job_id} had not ended there: {status or 'it has no jobStatus'}.")
    created = _time(values.get("createdTime")) or _time(values.get("timestamp")) or _time_in(job_id)
    if created is None or created > now:
        raise Skipped(f"{job_id} has no createdTime or timestamp that can be read.")
    ended = _time(values.get("completedTime")) or created
    visual = values.get("visualId") or []
    return Old(
        single.number,
        (dashboard, sheet),
        job_id,
        ENDED[status],
        _format(values, job_id),
        [str(one) for one in (visual if isinstance(visual, list) else [visual])],
        _parameters(values.get("parameters") or values.get("jobParameters")),
        created,
        max(created, min(ended, now)),
        _reason(values),
    )


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID or not is_storable(value):
        raise Skipped(f"It has no {name}.")
    return value


def _format(values: Mapping[str, Any], job_id: str) -> str:
    """The id begins with it, too."""
    word = str(values.get("outputFormat") or job_id.partition("_")[0]).upper()
    word = OTHER_NAMES.get(word, word)
    if word not in Format.values:
        raise Skipped(f"{job_id} is of a format that there is not here: {word[:20]}.")
    return word


def _time(value: Any) -> datetime | None:
    """Seconds since 1970, or a time as text, which the solution stored inside quotation marks; without an offset it is UTC."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _at(float(value))
    text = value.strip().strip('"') if isinstance(value, str) else ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _at(float(text)) if text.replace(".", "", 1).isdecimal() and text.isascii() else None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _time_in(job_id: str) -> datetime | None:
    """`PDF_1765307746_6813369`: format, seconds since 1970, and a fraction of one."""
    parts = job_id.split("_")
    return _time(parts[1]) if len(parts) > 1 and parts[1].isdecimal() else None


def _at(seconds: float) -> datetime | None:
    try:
        # Some wrote thousandths.
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds / 1000 if seconds > 1e11 else seconds)
    except OverflowError:
        return None


def _parameters(given: Any) -> dict[str, list[Any]]:
    """{"StringParameters": [{"Name": …, "Values": […]}], …}, or the same as JSON text; what is neither is left out."""
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {}
    lists = [single for typed in given.values() if isinstance(typed, list) for single in typed] if isinstance(given, dict) else []
    named = {single["Name"]: single.get("Values") for single in lists if isinstance(single, dict) and isinstance(single.get("Name"), str)}
    return {
        name: values for name, values in named.items() if isinstance(values, list) and is_storable(json.dumps(values, ensure_ascii=False))
    }


def _reason(values: Mapping[str, Any]) -> str:
    found = next((values[name] for name in REASONS if values.get(name)), "")
    text = found if isinstance(found, str) else json.dumps(found, default=str)
    return text[:MAX_REASON] if is_storable(text) else ""
