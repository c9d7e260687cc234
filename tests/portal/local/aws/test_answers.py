"""Every answer has the shape that botocore's service model gives it, down to the wire."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.validate import ParamValidator
from moto.core.utils import get_service_model

from tests.portal.local.aws import wire
from tests.portal.local.aws.snapshot_requests import ids, run, start_request
from tests.portal.local.aws.wire import SNAPSHOTS, raw, signed
from tests.pretend_aws import ACCOUNT, Server


def assert_matches_model(client: Any, operation: str, answer: dict[str, Any]) -> None:
    """No member that the model does not know, and every one of the modelled type."""
    shape = client.meta.service_model.operation_model(operation).output_shape
    answer = {name: value for name, value in answer.items() if name != "ResponseMetadata"}
    assert answer.keys() <= shape.members.keys()
    assert ParamValidator().validate(answer, shape).generate_report() == ""


CATALOGUE_CALLS = [
    ("ListDashboards", "list_dashboards", {}),
    ("DescribeDashboard", "describe_dashboard", {"DashboardId": "daily-calls"}),
    ("DescribeDashboardDefinition", "describe_dashboard_definition", {"DashboardId": "daily-calls"}),
    ("DescribeDataSet", "describe_data_set", {"DataSetId": "calls"}),
]


@pytest.mark.parametrize(("operation", "method", "arguments"), CATALOGUE_CALLS)
def test_catalogue_answers_match_the_service_model(quicksight: Any, operation: str, method: str, arguments: dict[str, Any]) -> None:
    answer = getattr(quicksight, method)(AwsAccountId=ACCOUNT, **arguments)

    assert_matches_model(quicksight, operation, answer)
    assert answer["RequestId"] == answer["ResponseMetadata"]["RequestId"]


def test_snapshot_answers_match_the_service_model(quicksight: Any) -> None:
    moment = {"Name": "From", "Values": [1793000000.123]}
    request = start_request(tags={"tenant_id": "acme"}, parameters={"DateTimeParameters": [moment]})

    started = quicksight.start_dashboard_snapshot_job(**request)
    described = quicksight.describe_dashboard_snapshot_job(**ids(request))
    finished = run(quicksight, start_request(tags={"tenant_id": "acme"}))

    assert_matches_model(quicksight, "StartDashboardSnapshotJob", started)
    assert_matches_model(quicksight, "DescribeDashboardSnapshotJob", described)
    assert_matches_model(quicksight, "DescribeDashboardSnapshotJobResult", finished)


PATHS = [
    ("GET", f"{SNAPSHOTS}/known"),
    ("GET", f"{SNAPSHOTS}/known/result"),
    ("GET", f"/accounts/{ACCOUNT}/dashboards"),
    ("GET", f"/accounts/{ACCOUNT}/dashboards/daily-calls"),
    ("GET", f"/accounts/{ACCOUNT}/dashboards/daily-calls/definition"),
    ("GET", f"/accounts/{ACCOUNT}/data-sets/calls"),
]


def test_a_start_is_posted_to_the_dashboards_snapshot_jobs(aws: Server) -> None:
    request = start_request()

    status, headers, body = wire.start(aws, request)

    assert status == 200
    assert body["SnapshotJobId"] == request["SnapshotJobId"]
    assert body["Arn"] == f"arn:aws:quicksight:us-east-1:{ACCOUNT}:dashboard/daily-calls/snapshot-job/{request['SnapshotJobId']}"
    assert body["RequestId"] == headers["x-amzn-RequestId"]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_every_operation_answers_at_its_path_with_one_request_id(aws: Server, quicksight: Any, method: str, path: str) -> None:
    run(quicksight, start_request(job="known"))

    status, headers, body = raw(signed(aws, method, path))

    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert body["RequestId"] == headers["x-amzn-RequestId"]


@pytest.mark.parametrize("status", [200, 202])
def test_an_accepted_start_is_any_success(aws: Server, quicksight: Any, status: int) -> None:
    aws.control.set(started_status=status)

    answer = quicksight.start_dashboard_snapshot_job(**start_request())

    assert answer["Status"] == answer["ResponseMetadata"]["HTTPStatusCode"] == status


def test_describe_carries_its_status_and_times_as_numbers_in_the_body(aws: Server, quicksight: Any) -> None:
    run(quicksight, start_request(job="known"))

    _, _, described = raw(signed(aws, "GET", f"{SNAPSHOTS}/known"))
    _, _, result = raw(signed(aws, "GET", f"{SNAPSHOTS}/known/result"))

    assert described["Status"] == 200
    for body in (described, result):
        assert isinstance(body["CreatedTime"], float)
        assert isinstance(body["LastUpdatedTime"], float)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", SNAPSHOTS),
        ("DELETE", f"{SNAPSHOTS}/known"),
        ("POST", f"{SNAPSHOTS}/known/cancel"),
    ],
)
def test_there_is_no_list_cancel_or_delete(aws: Server, quicksight: Any, method: str, path: str) -> None:
    quicksight.start_dashboard_snapshot_job(**start_request(job="known"))

    status, headers, body = raw(signed(aws, method, path))

    assert (status, headers["x-amzn-ErrorType"]) == (404, "UnknownOperationException")
    assert body["RequestId"] == headers["x-amzn-RequestId"]
    assert [job["id"] for job in aws.control.jobs()] == ["known"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", SNAPSHOTS),
        ("POST", f"{SNAPSHOTS}/known"),
        ("POST", f"{SNAPSHOTS}/known/result"),
        ("GET", f"{SNAPSHOTS}/known/results"),
        ("GET", f"/accounts/{ACCOUNT}/nothing/of/the/kind"),
        ("GET", "/accounts/nothing/of/the/kind"),
        ("GET", "/elsewhere"),
    ],
)
def test_another_method_or_path_is_not_found_in_json(aws: Server, method: str, path: str) -> None:
    status, headers, body = raw(signed(aws, method, path))

    assert (status, headers["Content-Type"]) == (404, "application/json")
    assert body["RequestId"] == headers["x-amzn-RequestId"]
    assert body["Message"]


MODELLED = [shape.name for shape in get_service_model("quicksight").operation_model("StartDashboardSnapshotJob").error_shapes]
WITH_RESOURCE_TYPE = {"LimitExceededException", "ResourceExistsException", "ResourceNotFoundException"}


@pytest.mark.parametrize("code", MODELLED)
def test_an_error_is_named_in_its_header_and_explained_in_its_body(aws: Server, code: str) -> None:
    aws.control.fail_next("StartDashboardSnapshotJob", code)

    status, headers, body = wire.start(aws, start_request())

    shape = get_service_model("quicksight").shape_for(code)
    assert (status, headers["x-amzn-ErrorType"]) == (shape.metadata["error"]["httpStatusCode"], code)
    assert body.keys() == {"Message", "RequestId"} | ({"ResourceType"} if code in WITH_RESOURCE_TYPE else set())
    assert body["RequestId"] == headers["x-amzn-RequestId"]


@pytest.mark.parametrize("code", MODELLED)
def test_boto3_raises_the_class_of_the_errors_name(aws: Server, quicksight: Any, code: str) -> None:
    aws.control.fail_next("StartDashboardSnapshotJob", code)

    with pytest.raises(getattr(quicksight.exceptions, code)) as caught:
        quicksight.start_dashboard_snapshot_job(**start_request())

    assert ("ResourceType" in caught.value.response) == (code in WITH_RESOURCE_TYPE)


@pytest.mark.parametrize(("sent", "read"), [("a%20b%2Fc", "a b/c"), ("a%2520b", "a%20b")])
def test_path_segments_are_decoded_once_after_splitting(aws: Server, sent: str, read: str) -> None:
    status, _, body = raw(signed(aws, "GET", f"/accounts/{ACCOUNT}/dashboards/{sent}"))

    assert status == 404
    assert body["Message"] == f"Dashboard {read} was not found."
