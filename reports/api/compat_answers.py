"""A job as clients of the older API know it: QuickSight's own shapes, without account, role or the value of any session tag."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from reports.aws.quicksight import PARAMETER_LISTS
from reports.engine.start import outputs
from reports.models import Format, Review, SnapshotFile, SnapshotJob
from tenants.models import SessionTag

Status = SnapshotJob.Status
WORDS = {
    Status.QUEUED: "QUEUED",
    Status.STARTING: "RUNNING",
    Status.RUNNING: "RUNNING",
    Status.COLLECTING: "RUNNING",
    Status.COMPLETED: "COMPLETED",
    Status.FAILED: "FAILED",
    Status.CANCELLED: "FAILED",
}


def status_word(job: SnapshotJob) -> str:
    """It knows no gate: what is held runs still, and what is not let go has failed."""
    if job.review_status in Review.OPEN:
        return "RUNNING"
    if job.review_status == Review.Status.REJECTED:
        return "FAILED"
    return WORDS[Status(job.status)]


def description(job: SnapshotJob) -> dict[str, Any]:
    return {
        **_outline(job),
        "DashboardId": job.dashboard_id,
        "SnapshotJobId": str(job.pk),
        "SnapshotConfiguration": _configuration(job),
        "UserConfiguration": {"AnonymousUsers": [{"RowLevelPermissionTagKeys": _tag_keys(job)}]},
    }


def result(job: SnapshotJob) -> dict[str, Any]:
    """Of a job that has ended."""
    files = job.files.all() if status_word(job) == "COMPLETED" else ()
    groups = [{"Files": [_file_of(job, file)], "S3Results": [{"S3Uri": s3_uri(file)}]} for file in files]
    return {**_outline(job), "Result": {"AnonymousUsers": [{"FileGroups": groups}]}}


def item(job: SnapshotJob) -> dict[str, Any]:
    """A line of the list. Reads `report`, its parameters and `files`, which the list fetches once for all jobs."""
    given = _typed_parameters(job)
    line: dict[str, Any] = {
        "dashboardId": job.dashboard_id,
        "jobId": str(job.pk),
        "jobStatus": status_word(job),
        "sheetId": job.sheet_id,
        "visualId": job.visual_ids,
        "parameters": given or None,
        "outputFormat": ",".join(job.formats),
        "outputDestination": {"BucketPrefix": job.requested_prefix},
        "timestamp": _time(job.created_at),
    }
    if job.finished_at and status_word(job) != "RUNNING":
        # The older API stored the parameters of finished jobs as text.
        line |= {"createdTime": _time(job.created_at), "completedTime": _time(job.finished_at), "jobParameters": json.dumps(given)}
    files = job.files.all() if status_word(job) == "COMPLETED" else ()
    if files:
        line["outputLocation"] = s3_uri(files[0])
    return line | ({"errorMessage": _reason(job)} if status_word(job) == "FAILED" else {})


def s3_uri(file: SnapshotFile) -> str:
    """Tells no more than the presigned URL does, which names bucket and key too."""
    return f"s3://{file.bucket}/{file.key}"


def _outline(job: SnapshotJob) -> dict[str, Any]:
    outline = {
        "JobStatus": status_word(job),
        "CreatedTime": _time(job.created_at),
        "LastUpdatedTime": _time(job.finished_at or job.started_at or job.created_at),
        "Status": 200,
    }
    if outline["JobStatus"] == "FAILED":
        outline["ErrorInfo"] = {"ErrorType": (job.review_status or job.failure_code or job.status).upper(), "ErrorMessage": _reason(job)}
    return outline


def _reason(job: SnapshotJob) -> str:
    """Our own sentence, never AWS's text."""
    if job.review_status == Review.Status.REJECTED:
        return "Its files were held, and nobody released them."
    return "The job was cancelled." if job.status == Status.CANCELLED else job.failure_text


def _configuration(job: SnapshotJob) -> dict[str, Any]:
    """As it was asked for; the prefix is the client's own, not where the files lie."""
    bucket = {"BucketConfiguration": {"BucketPrefix": job.requested_prefix}}
    configuration = {
        "FileGroups": [{"Files": [_file(job, output.format, list(output.visual_ids))]} for output in outputs(job)],
        "DestinationConfiguration": {"S3Destinations": [bucket]},
    }
    given = _typed_parameters(job)
    return configuration | ({"Parameters": given} if given else {})


def _file_of(job: SnapshotJob, file: SnapshotFile) -> dict[str, Any]:
    shown = {Format.PDF: [], Format.EXCEL: job.visual_ids, Format.CSV: [file.visual_id]}
    return _file(job, file.format, shown[Format(file.format)])


def _file(job: SnapshotJob, format: str, visual_ids: list[str]) -> dict[str, Any]:
    selection: dict[str, Any] = {"SheetId": job.sheet_id, "SelectionScope": "ALL_VISUALS"}
    if visual_ids:
        selection |= {"SelectionScope": "SELECTED_VISUALS", "VisualIds": visual_ids}
    return {"FormatType": format, "SheetSelections": [selection]}


def _typed_parameters(job: SnapshotJob) -> dict[str, list[dict[str, Any]]]:
    """Empty when the job has none. A parameter that the report no longer has is left out: its type is not known any more."""
    typed: dict[str, list[dict[str, Any]]] = {}
    for parameter in job.report.parameters.all():
        if parameter.name in job.parameters:
            entry = {"Name": parameter.name, "Values": job.parameters[parameter.name]}
            typed.setdefault(PARAMETER_LISTS[parameter.type], []).append(entry)
    return typed


def _tag_keys(job: SnapshotJob) -> list[str]:
    """As they were sent; before the first attempt, as they would be."""
    sent = job.attempts.order_by("-number").values_list("session_tags", flat=True).first()
    return sorted(sent if sent is not None else SessionTag.objects.filter(tenant=job.tenant_id).values_list("key", flat=True))


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
