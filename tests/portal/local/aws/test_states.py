from __future__ import annotations

import time
from typing import Any

import pytest

from tests.portal.local.aws import wire
from tests.portal.local.aws.snapshot_requests import PDF, csv_of, excel_of, fetch, ids, run, start_request, uris, wait_for_end
from tests.pretend_aws import BUCKET, Server


@pytest.mark.parametrize("end", ["COMPLETED", "FAILED"])
def test_states_only_move_forward_and_the_end_stays(aws: Server, quicksight: Any, end: str) -> None:
    aws.control.set(job_seconds=0.4, queued_seconds=0.1)
    if end == "FAILED":
        aws.control.fail_jobs()
    order = ["QUEUED", "RUNNING", end]
    request = start_request(tags={"tenant_id": "acme"})
    quicksight.start_dashboard_snapshot_job(**request)

    seen = []
    while not seen or seen[-1]["JobStatus"] != end:
        seen.append(quicksight.describe_dashboard_snapshot_job(**ids(request)))
        time.sleep(0.02)
    aws.control.advance_clock(3600, settle=False)
    afterwards = quicksight.describe_dashboard_snapshot_job(**ids(request))

    states = [answer["JobStatus"] for answer in seen]
    assert states == sorted(states, key=order.index)
    assert set(states) == set(order)
    assert all(answer["CreatedTime"] <= answer["LastUpdatedTime"] for answer in seen)
    assert len({answer["LastUpdatedTime"] for answer in seen}) == len(order)
    assert (afterwards["JobStatus"], afterwards["LastUpdatedTime"]) == (end, seen[-1]["LastUpdatedTime"])


def test_describe_shows_tag_keys_and_nowhere_a_value(aws: Server, quicksight: Any) -> None:
    request = start_request(tags={"tenant_id": "acme-secret-value", "desk": "north"})
    quicksight.start_dashboard_snapshot_job(**request)

    described = quicksight.describe_dashboard_snapshot_job(**ids(request))

    assert described["UserConfiguration"] == {"AnonymousUsers": [{"RowLevelPermissionTagKeys": ["tenant_id", "desk"]}]}
    assert "acme-secret-value" not in str(described)
    assert aws.control.jobs()[0]["tags"] == {"tenant_id": "acme-secret-value", "desk": "north"}


def test_describe_echoes_the_configuration_and_leaves_parameters_out_if_none_came(quicksight: Any) -> None:
    request = start_request(PDF, csv_of("table-1"))
    quicksight.start_dashboard_snapshot_job(**request)

    described = quicksight.describe_dashboard_snapshot_job(**ids(request))

    assert described["SnapshotConfiguration"] == request["SnapshotConfiguration"]
    assert "Parameters" not in described["SnapshotConfiguration"]
    assert "UserConfiguration" not in described


def test_describe_echoes_parameters_as_they_came(aws: Server) -> None:
    parameters = {
        "StringParameters": [{"Name": "Region", "Values": ["West", ""]}],
        "IntegerParameters": [{"Name": "MinSeconds", "Values": [300]}],
        "DecimalParameters": [{"Name": "MinScore", "Values": [4.5]}],
        "DateTimeParameters": [{"Name": "From", "Values": [1793000000.123]}],
    }
    request = start_request(parameters=parameters, job="echoed")
    wire.start(aws, request)

    _, _, described = wire.raw(wire.signed(aws, "GET", f"{wire.SNAPSHOTS}/echoed"))

    assert described["SnapshotConfiguration"] == request["SnapshotConfiguration"]


@pytest.mark.parametrize("code", ["PreconditionNotMetException", "InvalidParameterValueException"])
def test_an_early_result_is_refused_with_the_documented_sentence(aws: Server, quicksight: Any, code: str) -> None:
    aws.control.set(early_result_code=code)
    aws.control.stuck_jobs()
    request = start_request(job="early")
    quicksight.start_dashboard_snapshot_job(**request)

    with pytest.raises(quicksight.exceptions.ClientError) as caught:
        quicksight.describe_dashboard_snapshot_job_result(**ids(request))

    error = caught.value.response["Error"]
    assert error == {"Code": code, "Message": "Dashboard Snapshot Job with id early has not reached a terminal state."}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_result_has_one_group_per_requested_group(quicksight: Any) -> None:
    request = start_request(PDF, csv_of("table-1"), csv_of("pivot-1"), excel_of("table-1"), tags={"tenant_id": "acme"})

    result = run(quicksight, request)

    users = result["Result"]["AnonymousUsers"]
    wanted = request["SnapshotConfiguration"]
    destination = wanted["DestinationConfiguration"]["S3Destinations"][0]
    assert len(users) == 1
    assert [group["Files"] for group in users[0]["FileGroups"]] == [group["Files"] for group in wanted["FileGroups"]]
    assert all(group["S3Results"][0]["S3DestinationConfiguration"] == destination for group in users[0]["FileGroups"])
    assert len(set(uris(result))) == 4


def test_the_files_are_readable_when_completed_is_first_seen(aws: Server, quicksight: Any) -> None:
    aws.control.set(job_seconds=0)
    request = start_request(PDF, tags={"tenant_id": "acme"})
    quicksight.start_dashboard_snapshot_job(**request)

    wait_for_end(quicksight, request)

    result = quicksight.describe_dashboard_snapshot_job_result(**ids(request))
    assert fetch(aws, uris(result)[0]).rstrip().endswith(b"%%EOF")


def test_files_are_whole_from_the_first_moment_and_there_before_the_end(aws: Server, quicksight: Any, s3: Any) -> None:
    aws.control.stuck_jobs()
    request = start_request(PDF, *[csv_of("table-1")] * 5, tags={"tenant_id": "acme"}, prefix="t/early/")
    quicksight.start_dashboard_snapshot_job(**request)

    sizes: dict[str, set[int]] = {}
    deadline = time.monotonic() + 15
    while len(sizes) < 6 and time.monotonic() < deadline:
        for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix="t/early/").get("Contents", []):
            body = s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()
            sizes.setdefault(entry["Key"], set()).add(len(body))
            assert body.endswith((b"%%EOF\n", b"\r\n"))
    state = quicksight.describe_dashboard_snapshot_job(**ids(request))["JobStatus"]

    assert state == "RUNNING"
    assert [len(seen) for seen in sizes.values()] == [1] * 6


def test_a_failed_job_says_why_and_has_no_files(aws: Server, quicksight: Any) -> None:
    aws.control.fail_jobs(error_type="DASHBOARD_ACCESS_DENIED", message="No access.")

    result = run(quicksight, start_request())

    assert result["JobStatus"] == "FAILED"
    assert result["ErrorInfo"] == {"ErrorType": "DASHBOARD_ACCESS_DENIED", "ErrorMessage": "No access."}
    assert "Result" not in result
    assert "S3Uri" not in str(result)


BUCKETS = pytest.mark.parametrize(
    ("bucket", "reason"), [("nobody-made-this-bucket", "does not exist"), (BUCKET, "no permission to write")], ids=["missing", "unwritable"]
)


@BUCKETS
def test_a_bucket_that_is_missing_or_unwritable_fails_the_job_not_the_start(
    aws: Server, quicksight: Any, s3: Any, bucket: str, reason: str
) -> None:
    aws.control.set(unwritable_buckets=[BUCKET])

    result = run(quicksight, start_request(bucket=bucket))

    assert (result["JobStatus"], result["ErrorInfo"]["ErrorType"]) == ("FAILED", "S3_ERROR")
    assert bucket in result["ErrorInfo"]["ErrorMessage"]
    assert reason in result["ErrorInfo"]["ErrorMessage"]
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


@BUCKETS
def test_a_bucket_that_is_missing_or_unwritable_can_fail_the_start_instead(aws: Server, quicksight: Any, bucket: str, reason: str) -> None:
    aws.control.set(unwritable_buckets=[BUCKET], bucket_checked_at_start=True)

    with pytest.raises(quicksight.exceptions.InvalidParameterValueException, match=reason):
        quicksight.start_dashboard_snapshot_job(**start_request(bucket=bucket))

    assert aws.control.jobs() == []


def test_a_stuck_job_runs_for_ever_and_keeps_its_slot(aws: Server, quicksight: Any) -> None:
    aws.control.set(slots=1)
    aws.control.stuck_jobs()
    request = start_request()
    quicksight.start_dashboard_snapshot_job(**request)

    aws.control.advance_clock(30 * 24 * 3600, settle=False)

    assert quicksight.describe_dashboard_snapshot_job(**ids(request))["JobStatus"] == "RUNNING"
    with pytest.raises(quicksight.exceptions.LimitExceededException):
        quicksight.start_dashboard_snapshot_job(**start_request())


def test_a_stuck_job_stays_running_until_it_is_told_to_fail(aws: Server, quicksight: Any) -> None:
    aws.control.set(job_seconds=0)
    aws.control.stuck_jobs()
    request = start_request()
    quicksight.start_dashboard_snapshot_job(**request)
    time.sleep(0.2)
    before = quicksight.describe_dashboard_snapshot_job(**ids(request))["JobStatus"]

    aws.control.fail(request["SnapshotJobId"], error_type="TIMEOUT")

    assert before == "RUNNING"
    assert wait_for_end(quicksight, request)["JobStatus"] == "FAILED"
