from __future__ import annotations

import time
from typing import Any

import pytest

from tests.portal.local.aws.snapshot_requests import PDF, csv_of, excel_of, fetch, ids, run, start_request, uris, wait_for_end
from tests.pretend_aws import Server

ORDER = ["QUEUED", "RUNNING", "COMPLETED"]


def test_states_only_move_forward_and_the_end_stays(aws: Server, quicksight: Any) -> None:
    aws.control.set(job_seconds=0.4, queued_seconds=0.1)
    request = start_request(tags={"tenant_id": "acme"})
    quicksight.start_dashboard_snapshot_job(**request)

    seen = []
    while not seen or seen[-1]["JobStatus"] != "COMPLETED":
        seen.append(quicksight.describe_dashboard_snapshot_job(**ids(request)))
        time.sleep(0.02)
    afterwards = quicksight.describe_dashboard_snapshot_job(**ids(request))

    states = [answer["JobStatus"] for answer in seen]
    assert states == sorted(states, key=ORDER.index)
    assert set(states) == set(ORDER)
    assert all(answer["CreatedTime"] <= answer["LastUpdatedTime"] for answer in seen)
    assert len({answer["LastUpdatedTime"] for answer in seen}) == len(ORDER)
    assert afterwards["LastUpdatedTime"] == seen[-1]["LastUpdatedTime"]


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


def test_a_failed_job_says_why_and_has_no_files(aws: Server, quicksight: Any) -> None:
    aws.control.fail_jobs(error_type="DASHBOARD_ACCESS_DENIED", message="No access.")

    result = run(quicksight, start_request())

    assert result["JobStatus"] == "FAILED"
    assert result["ErrorInfo"] == {"ErrorType": "DASHBOARD_ACCESS_DENIED", "ErrorMessage": "No access."}
    assert "Result" not in result


def test_a_missing_bucket_fails_the_job_not_the_start(quicksight: Any) -> None:
    result = run(quicksight, start_request(bucket="nobody-made-this-bucket"))

    assert result["JobStatus"] == "FAILED"
    assert "nobody-made-this-bucket" in result["ErrorInfo"]["ErrorMessage"]


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
