"""The switches that make things go wrong, each for exactly as long as it was asked to."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from portal.local.aws.client import ControlError
from tests.portal.local.aws.snapshot_requests import PDF, csv_of, excel_of, fetch, ids, run, split_uri, start_request, uris
from tests.pretend_aws import ACCOUNT, BUCKET, Server

ACME = {"tenant_id": "acme"}


def groups(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [group["S3Results"][0] for group in result["Result"]["AnonymousUsers"][0]["FileGroups"]]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 429),
        ("LimitExceededException", 409),
        ("InternalFailureException", 500),
        ("UnsupportedPricingPlanException", 403),
        ("UnsupportedUserEditionException", 403),
        ("AccessDeniedException", 401),
    ],
)
def test_the_next_calls_fail_with_the_chosen_code_and_then_work_again(aws: Server, quicksight: Any, code: str, status: int) -> None:
    aws.control.fail_next("StartDashboardSnapshotJob", code)

    with pytest.raises(ClientError) as caught:
        quicksight.start_dashboard_snapshot_job(**start_request())

    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert aws.control.jobs() == []
    quicksight.start_dashboard_snapshot_job(**start_request())


@pytest.mark.parametrize("status", [500, 503])
def test_during_an_outage_every_quicksight_call_fails_and_s3_goes_on(aws: Server, quicksight: Any, s3: Any, status: int) -> None:
    aws.control.outage(status=status)

    with pytest.raises(ClientError) as caught:
        quicksight.list_dashboards(AwsAccountId=ACCOUNT)
    s3.head_bucket(Bucket=BUCKET)
    aws.control.outage(False)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert quicksight.list_dashboards(AwsAccountId=ACCOUNT)["DashboardSummaryList"]


def test_a_start_can_be_accepted_and_its_answer_lost(aws: Server, quicksight: Any) -> None:
    aws.control.accept_then_drop()
    request = start_request()

    with pytest.raises(ConnectionClosedError):
        quicksight.start_dashboard_snapshot_job(**request)

    assert aws.control.stats()["accepted"] == {request["SnapshotJobId"]: 1}
    with pytest.raises(quicksight.exceptions.ResourceExistsException):
        quicksight.start_dashboard_snapshot_job(**request)


def test_a_connection_can_be_lost_before_anything_happened(aws: Server, quicksight: Any) -> None:
    aws.control.drop("StartDashboardSnapshotJob")

    with pytest.raises(ConnectionClosedError):
        quicksight.start_dashboard_snapshot_job(**start_request())

    assert aws.control.jobs() == []


def test_a_call_can_hang_after_the_job_was_accepted(aws: Server) -> None:
    aws.control.hang("StartDashboardSnapshotJob", seconds=1)
    impatient = aws.client("quicksight", read_timeout=0.3)

    with pytest.raises(ReadTimeoutError):
        impatient.start_dashboard_snapshot_job(**start_request(job="hung"))

    assert aws.control.stats()["accepted"] == {"hung": 1}


def test_a_call_that_hangs_takes_no_fault_that_was_asked_for_later(aws: Server, quicksight: Any) -> None:
    aws.control.hang("StartDashboardSnapshotJob", seconds=0.6)
    impatient = aws.client("quicksight", read_timeout=0.2)
    with pytest.raises(ReadTimeoutError):
        impatient.start_dashboard_snapshot_job(**start_request(job="hung"))

    aws.control.accept_then_drop()
    time.sleep(0.6)

    with pytest.raises(ConnectionClosedError):
        quicksight.start_dashboard_snapshot_job(**start_request(job="lost"))


@pytest.mark.parametrize("fault", ["error", "drop"])
def test_calls_about_one_dashboard_can_fail_while_the_others_work(aws: Server, quicksight: Any, fault: str) -> None:
    if fault == "error":
        aws.control.fail_next("*", "InternalFailureException", dashboard="agent-scorecard")
    else:
        aws.control.drop("*", dashboard="agent-scorecard")

    quicksight.start_dashboard_snapshot_job(**start_request())
    with pytest.raises((ClientError, ConnectionClosedError)):
        quicksight.start_dashboard_snapshot_job(**start_request(dashboard="agent-scorecard"))
    quicksight.start_dashboard_snapshot_job(**start_request(dashboard="agent-scorecard"))

    assert sorted(job["dashboard"] for job in aws.control.jobs()) == ["agent-scorecard", "daily-calls"]


def test_a_missing_object_is_named_but_not_there(aws: Server, quicksight: Any, s3: Any) -> None:
    aws.control.damage_results("missing_object")

    bucket, key = split_uri(uris(run(quicksight, start_request()))[0])

    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=bucket, Key=key)


def test_objects_can_be_empty_of_another_type_or_cut_short(aws: Server, quicksight: Any) -> None:
    contents = {}
    for variant in ("empty_object", "wrong_type", "truncated"):
        aws.control.damage_results(variant)
        contents[variant] = fetch(aws, uris(run(quicksight, start_request(PDF, tags=ACME)))[0])

    assert contents["empty_object"] == b""
    assert contents["wrong_type"].startswith(b"<!doctype html>")
    assert contents["truncated"].startswith(b"%PDF-")
    assert b"%%EOF" not in contents["truncated"]


@pytest.mark.parametrize(
    ("variant", "start"),
    [
        ("foreign_bucket", "s3://somebody-elses-bucket/t/one/"),
        ("foreign_prefix", f"s3://{BUCKET}/elsewhere/"),
        ("https_uri", "http"),
        ("encoded_key", f"s3://{BUCKET}/t/one/j/two/Daily%20call%20volume"),
    ],
)
def test_the_uri_can_point_where_it_should_not(aws: Server, quicksight: Any, variant: str, start: str) -> None:
    aws.control.damage_results(variant)

    assert uris(run(quicksight, start_request()))[0].startswith(start)
    assert uris(run(quicksight, start_request()))[0].startswith(f"s3://{BUCKET}/t/one/j/two/Daily call volume")


def test_one_group_can_fail_while_the_others_are_delivered(aws: Server, quicksight: Any) -> None:
    aws.control.damage_results("one_group_failed")

    result = run(quicksight, start_request(csv_of("table-1"), excel_of("table-1"), tags=ACME))

    delivered, failed = groups(result)
    assert result["JobStatus"] == "COMPLETED"
    assert "S3Uri" in delivered
    assert "S3Uri" not in failed
    assert failed["ErrorInfo"][0]["ErrorType"] == "CAPABILITY_RESTRICTED"


def test_a_result_can_lack_its_uri(aws: Server, quicksight: Any) -> None:
    aws.control.damage_results("no_uri")

    assert "S3Uri" not in groups(run(quicksight, start_request()))[0]


def test_a_dashboard_can_be_slower_than_the_others(aws: Server, quicksight: Any) -> None:
    aws.control.set(dashboard_seconds={"agent-scorecard": 60})
    slow = start_request(dashboard="agent-scorecard")
    quicksight.start_dashboard_snapshot_job(**slow)

    run(quicksight, start_request())

    assert quicksight.describe_dashboard_snapshot_job(**ids(slow))["JobStatus"] == "RUNNING"


def test_calls_are_counted_by_operation(aws: Server, quicksight: Any) -> None:
    run(quicksight, start_request(job="counted"))

    stats = aws.control.stats()

    assert stats["accepted"] == {"counted": 1}
    assert stats["start_calls"] == 1
    assert stats["calls"]["DescribeDashboardSnapshotJobResult"] == 1


def test_a_refused_start_takes_no_fault_from_the_next_job(aws: Server, quicksight: Any) -> None:
    aws.control.fail_jobs()
    aws.control.set(slots=0)
    with pytest.raises(quicksight.exceptions.LimitExceededException):
        quicksight.start_dashboard_snapshot_job(**start_request())

    aws.control.set(slots=12)

    assert run(quicksight, start_request())["JobStatus"] == "FAILED"
    assert run(quicksight, start_request())["JobStatus"] == "COMPLETED"


def test_a_misspelt_value_is_answered_with_a_sentence_and_changes_nothing(aws: Server) -> None:
    with pytest.raises(ControlError, match="incomplete_tags must be one of no_rows, failed, all_rows, not 'all-rows'"):
        aws.control.set(slots=3, incomplete_tags="all-rows")

    assert aws.control.set()["slots"] == 12


def test_a_wrong_switch_is_answered_with_a_sentence(aws: Server) -> None:
    with pytest.raises(ControlError, match="no switch 'slotz'"):
        aws.control.set(slotz=3)
