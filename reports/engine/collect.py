"""Collecting what a job made: every file is found, opened and hashed before the job counts as completed."""

from __future__ import annotations

import csv
import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from reports import measures, tallies
from reports.aws import storage
from reports.aws.clients import AccountFacts
from reports.aws.errors import AccessDenied, AwsError, NotFound, NoVerdict
from reports.aws.quicksight import Output, OutputResult, QuickSight, SnapshotResult
from reports.engine import cadence, moves
from reports.engine.start import Clock, outputs
from reports.job_ends import job_ended
from reports.models import Attempt, Format, JobEvent, SnapshotFile, SnapshotJob

Status = SnapshotJob.Status
# ErrorType values after which the same job would fail again (StartDashboardSnapshotJob, SnapshotJobErrorInfo).
PERMANENT = frozenset({"DASHBOARD_ACCESS_DENIED", "CAPABILITY_RESTRICTED", "RLS_CHANGED", "CLS_CHANGED", "DATASET_DELETED"})
# How a file begins, and what stands near its end: a truncated one lacks the second (ISO 32000-1, 7.5.5; ZIP's end of directory).
MAGIC = {Format.PDF: (b"%PDF-", b"%%EOF"), Format.EXCEL: (b"PK\x03\x04", b"PK\x05\x06")}
MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<error")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LONGEST_VISUAL_IN_NAME = 80
EXTENSIONS = {Format.PDF: "pdf", Format.CSV: "csv", Format.EXCEL: "xlsx"}


class BadResult(Exception):
    """`code` of reports/failures.py; `may_come`: a file that is not there yet; `permanent`: another attempt would end the same."""

    def __init__(self, code: str, error_type: str, message: str, *, may_come: bool = False, permanent: bool = False) -> None:
        super().__init__(message)
        self.code, self.error_type, self.may_come, self.permanent = code, error_type, may_come, permanent


@dataclass(frozen=True)
class Found:
    output: Output
    stored: storage.StoredObject


def collect(tenant_id: uuid.UUID, job_id: uuid.UUID, quicksight: QuickSight, clock: Clock) -> bool:
    """One result call, and a read of every object; False when there was nothing to ask.

    Raises NoVerdict when QuickSight or S3 did not say.
    """
    opened = moves.open_attempt(tenant_id, job_id, Status.COLLECTING)
    if opened is None:
        return False
    job, attempt = opened
    if job.discarded_at:
        _move(attempt, lambda job: moves.dropped(job, clock()))
        return False
    try:
        result = quicksight.snapshot_result(attempt.dashboard_id, str(attempt.pk))
    except NoVerdict:
        raise
    except AwsError as refusal:
        _end_badly(attempt, _refusal(refusal), clock())
    else:
        finish(opened, result, quicksight, clock)
    return True


def finish(opened: moves.Opened, result: SnapshotResult, quicksight: QuickSight, clock: Clock) -> None:
    """A read of every object that the result names. Raises NoVerdict when S3 did not say."""
    job, attempt = opened
    try:
        found = _check(result, attempt, outputs(job), quicksight.account)
    except NoVerdict:
        raise
    except AwsError as refusal:
        _end_badly(attempt, _refusal(refusal), clock())
    except BadResult as bad:
        _end_badly(attempt, bad, clock())
    else:
        region, now = quicksight.account.region, clock()
        _move(attempt, lambda job: _complete(job, attempt, found, region, now))


def _refusal(refusal: AwsError) -> BadResult:
    code = "access_denied" if isinstance(refusal, AccessDenied) else "result_missing"
    return BadResult(code, refusal.code, refusal.message, permanent=code == "access_denied")


def _end_badly(attempt: Attempt, bad: BadResult, now: datetime) -> None:
    _move(attempt, lambda job: _unusable(job, attempt, bad, now))


def _move(attempt: Attempt, act: moves.Act) -> None:
    moves.move(attempt.tenant_id, attempt.job_id, Status.COLLECTING, act, snapshot_id=attempt.pk)


def _check(result: SnapshotResult, attempt: Attempt, wanted: list[Output], account: AccountFacts) -> list[Found]:
    """Raises BadResult unless there is exactly one good file for each output that was asked for."""
    if result.status == "FAILED":
        kind, message = result.error_type, result.error_message
        if not kind and result.outputs:
            kind, message = result.outputs[0].error_type, result.outputs[0].error_message
        raise BadResult("report_failed", kind, message, permanent=kind in PERMANENT)
    for single in result.outputs:
        if single.error_type or single.error_message:
            raise BadResult("report_failed", single.error_type, single.error_message, permanent=single.error_type in PERMANENT)
    by_output = {_same(single.output): single for single in result.outputs}
    if len(by_output) < len(result.outputs):
        raise BadResult("result_invalid", "", "QuickSight's answer names two files for one output.", permanent=True)
    missing = [output for output in wanted if _same(output) not in by_output]
    if missing:
        raise BadResult("result_missing", "", f"QuickSight's answer names no {missing[0].format} file.")
    return [Found(output, _object(by_output[_same(output)], attempt, account)) for output in wanted]


def _same(output: Output) -> tuple[str, frozenset[str]]:
    """What makes two outputs one: nobody says that QuickSight gives the visuals back in our order."""
    return output.format, frozenset(output.visual_ids)


def _object(result: OutputResult, attempt: Attempt, account: AccountFacts) -> storage.StoredObject:
    if not result.uri:
        raise BadResult("result_missing", "", f"QuickSight's answer has no address for its {result.output.format} file.")
    place = storage.split_uri(result.uri)
    if place is None or place[0] != attempt.bucket or not place[1].startswith(attempt.prefix):
        # Not repeated here: the address may be another tenant's.
        raise BadResult("result_invalid", "", "The file was not put where it was asked for.", permanent=True)
    try:
        stored = storage.read_object(account, *place)
    except NotFound as absent:
        raise BadResult("result_missing", absent.code, "The file is not in the bucket.", may_come=True) from absent
    except NoVerdict as silent:
        # Its refusal of our credentials too: QuickSight took them a moment ago, so this is about one bucket and not about the account.
        raise moves.FileStoreSilent(silent.code, silent.message) from silent
    if not stored.size_bytes:
        raise BadResult("result_invalid", "", "The file is empty.")
    if not _opens(Format(result.output.format), stored):
        raise BadResult("result_invalid", "", f"The file does not begin and end like a {result.output.format} file.")
    return stored


def _opens(format: Format, stored: storage.StoredObject) -> bool:
    if format in MAGIC:
        begins, ends = MAGIC[format]
        return stored.head.startswith(begins) and ends in stored.tail
    # CSV has no magic: it is text, and not a page or an error document that came in its place.
    text = stored.head.removeprefix(BYTE_ORDER_MARK).lstrip().lower()
    is_text = b"\0" not in stored.head and not text.startswith((*(begins.lower() for begins, _ends in MAGIC.values()), *MARKUP))
    return is_text and not _breaks_off(stored.head, stored.tail)


def _breaks_off(head: bytes, tail: bytes) -> bool:
    """A last line that does not end, with fewer cells than the one before, which has as many as the first.

    One that breaks off at a line's end cannot be told. Lines with an odd number of quotes are parts of a cell with line breaks, and say
    nothing; nor do lines of other lengths than the first, which some other separator may divide.
    """
    first, *_rest = _lines(head)
    *before, last = _lines(tail)
    if not before or tail.endswith((b"\n", b"\r")) or any(line.count('"') % 2 for line in (first, before[-1], last)):
        return False
    header, whole, cut = map(len, csv.reader([first, before[-1], last]))
    return cut < whole == header


def _lines(part: bytes) -> list[str]:
    return re.split(r"\r\n|\n|\r", part.decode("utf-8", "replace"))


def _unusable(job: SnapshotJob, attempt: Attempt, bad: BadResult, now: datetime) -> None:
    ended = attempt.service_updated_at or attempt.created_at
    if bad.may_come and now < ended + cadence.FILE_MAY_COME_FOR:
        moves.look_again(job, now, cadence.FILE_RECHECK)
    elif bad.permanent or (bad.may_come and _was_missing_before(job)):
        moves.end_attempt(job, attempt, now, bad.code, bad.error_type, str(bad))
        moves.fail(job, bad.code, now)
    else:
        moves.try_again(job, attempt, now, bad.code, bad.error_type, str(bad))


def _was_missing_before(job: SnapshotJob) -> bool:
    """Twice told that a file is there, twice waited for it: a third snapshot would only be one more."""
    return job.attempts.filter(failure_code="result_missing").exists()


def _complete(job: SnapshotJob, attempt: Attempt, found: list[Found], region: str, now: datetime) -> None:
    if moves.dropped(job, now) or not job.move_to(Status.COMPLETED, finished_at=now):
        return
    moves.end_attempt(job, attempt, now)
    if attempt.service_updated_at:
        tallies.observe(measures.COLLECT, (now - attempt.service_updated_at).total_seconds(), account=job.account_id)
    files = SnapshotFile.objects.bulk_create([_file(job, attempt, single, region, now) for single in found])
    saved = [job.event("saved", now, name=file.name, size_bytes=file.size_bytes) for file in files]
    JobEvent.objects.bulk_create([*saved, job.event("completed", now)])
    job_ended(job, now)


def _file(job: SnapshotJob, attempt: Attempt, found: Found, region: str, now: datetime) -> SnapshotFile:
    output, stored = found.output, found.stored
    is_csv = output.format == Format.CSV
    visual = output.visual_ids[0] if is_csv else ""
    # Several CSV files of one job would else be saved under one name.
    part = f"_{_part(visual, job.visual_ids)}" if is_csv and len(job.visual_ids) > 1 else ""
    day = job.created_at.astimezone(job.tenant.zone).date().isoformat()
    return SnapshotFile(
        tenant=job.tenant,
        job=job,
        attempt=attempt,
        format=output.format,
        visual_id=visual,
        name=f"{job.report.slug}{part}_{day}.{EXTENSIONS[Format(output.format)]}",
        bucket=attempt.bucket,
        region=region,
        key=stored.key,
        size_bytes=stored.size_bytes,
        sha256=stored.sha256,
        created_at=now,
        # The first line names the columns.
        data_rows=max(0, stored.lines - 1) if is_csv else None,
        pages=stored.pages if output.format == Format.PDF else None,
    )


def _part(visual: str, visuals: list[str]) -> str:
    """A visual's id in a file name; its place instead when it is too long, because two long ones may begin alike."""
    return visual if len(visual) <= LONGEST_VISUAL_IN_NAME else str(visuals.index(visual) + 1)
