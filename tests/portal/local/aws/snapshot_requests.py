"""Words for the tests: start requests, waiting for the end, fetching the files."""

from __future__ import annotations

import csv
import io
import time
import uuid
from typing import Any

from tests.pretend_aws import ACCOUNT, BUCKET, REGION, Server

PDF = {"FormatType": "PDF", "SheetSelections": [{"SheetId": "sheet-1", "SelectionScope": "ALL_VISUALS"}]}


def csv_of(*visuals: str, sheet: str = "sheet-1") -> dict[str, Any]:
    return {"FormatType": "CSV", "SheetSelections": [selection(*visuals, sheet=sheet)]}


def excel_of(*visuals: str, sheet: str = "sheet-1") -> dict[str, Any]:
    return {"FormatType": "EXCEL", "SheetSelections": [selection(*visuals, sheet=sheet)]}


def selection(*visuals: str, sheet: str = "sheet-1") -> dict[str, Any]:
    return {"SheetId": sheet, "SelectionScope": "SELECTED_VISUALS", "VisualIds": list(visuals)}


def start_request(
    *files: dict[str, Any],
    tags: dict[str, str] | None = None,
    parameters: dict[str, Any] | None = None,
    bucket: str = BUCKET,
    prefix: str = "t/one/j/two/",
    region: str = REGION,
    dashboard: str = "daily-calls",
    job: str | None = None,
) -> dict[str, Any]:
    place = {"BucketName": bucket, "BucketPrefix": prefix, "BucketRegion": region}
    configuration: dict[str, Any] = {
        "FileGroups": [{"Files": [file]} for file in files or (csv_of("table-1"),)],
        "DestinationConfiguration": {"S3Destinations": [{"BucketConfiguration": place}]},
    }
    if parameters:
        configuration["Parameters"] = parameters
    request = {
        "AwsAccountId": ACCOUNT,
        "DashboardId": dashboard,
        "SnapshotJobId": job or str(uuid.uuid4()),
        "SnapshotConfiguration": configuration,
    }
    if tags:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        request["UserConfiguration"] = {"AnonymousUsers": [{"RowLevelPermissionTags": pairs}]}
    return request


def ids(request: dict[str, Any]) -> dict[str, str]:
    return {name: request[name] for name in ("AwsAccountId", "DashboardId", "SnapshotJobId")}


def wait_for_end(quicksight: Any, request: dict[str, Any]) -> dict[str, Any]:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        described = quicksight.describe_dashboard_snapshot_job(**ids(request))
        if described["JobStatus"] in ("COMPLETED", "FAILED"):
            return dict(described)
        time.sleep(0.03)
    raise AssertionError(f"the job did not end: {described}")


def run(quicksight: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Start, wait, and return the answer of the result call."""
    quicksight.start_dashboard_snapshot_job(**request)
    wait_for_end(quicksight, request)
    return dict(quicksight.describe_dashboard_snapshot_job_result(**ids(request)))


def uris(result: dict[str, Any]) -> list[str]:
    groups = result["Result"]["AnonymousUsers"][0]["FileGroups"]
    return [group["S3Results"][0]["S3Uri"] for group in groups]


def split_uri(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def fetch(aws: Server, uri: str) -> bytes:
    bucket, key = split_uri(uri)
    return bytes(aws.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def files_of(aws: Server, request: dict[str, Any]) -> list[bytes]:
    return [fetch(aws, uri) for uri in uris(run(aws.client("quicksight"), request))]


def csv_lines(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def call_ids(aws: Server, **options: Any) -> set[str]:
    """The calls that a CSV of all calls shows for these tags and parameters."""
    return {line["Call"] for line in csv_lines(files_of(aws, start_request(**options))[0])}
