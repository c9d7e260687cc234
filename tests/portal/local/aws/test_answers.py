"""Every answer has the shape that botocore's service model gives it, down to the wire."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

from portal.local.aws.options import ACCESS_KEY, SECRET_KEY
from tests.portal.local.aws.snapshot_requests import ids, run, start_request
from tests.pretend_aws import ACCOUNT, Server


def signed(aws: Server, method: str, path: str, body: bytes = b"", secret: str = SECRET_KEY) -> urllib.request.Request:
    request = AWSRequest(method=method, url=aws.url + path, data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(ACCESS_KEY, secret), "quicksight", "us-east-1").add_auth(request)
    return urllib.request.Request(request.url, body or None, dict(request.headers.items()), method=method)


def raw(request: urllib.request.Request) -> tuple[int, dict[str, str], dict[str, Any]]:
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), json.load(error)


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


def test_describe_carries_its_status_and_times_as_numbers_in_the_body(aws: Server, quicksight: Any) -> None:
    request = start_request(tags={"tenant_id": "acme"})
    quicksight.start_dashboard_snapshot_job(**request)

    path = f"/accounts/{ACCOUNT}/dashboards/daily-calls/snapshot-jobs/{request['SnapshotJobId']}"
    status, headers, body = raw(signed(aws, "GET", path))

    assert (status, body["Status"]) == (200, 200)
    assert isinstance(body["CreatedTime"], (int, float))
    assert body["RequestId"] == headers["x-amzn-RequestId"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/accounts/{ACCOUNT}/dashboards/daily-calls/snapshot-jobs"),
        ("DELETE", f"/accounts/{ACCOUNT}/dashboards/daily-calls/snapshot-jobs/some-job"),
        ("GET", "/accounts/nothing/of/the/kind"),
    ],
)
def test_there_is_no_list_cancel_or_delete_and_no_html(aws: Server, method: str, path: str) -> None:
    status, headers, body = raw(signed(aws, method, path))

    assert status == 404
    assert headers["Content-Type"] == "application/json"
    assert body["RequestId"] == headers["x-amzn-RequestId"]


def test_path_segments_are_decoded_after_splitting(quicksight: Any) -> None:
    with pytest.raises(quicksight.exceptions.ResourceNotFoundException, match="a b/c"):
        quicksight.describe_dashboard(AwsAccountId=ACCOUNT, DashboardId="a b/c")


def test_an_unknown_key_is_not_recognised(aws: Server) -> None:
    stranger = aws.client("quicksight", keys=("AKIASTRANGERSTRANGER", "secret"))

    with pytest.raises(stranger.exceptions.ClientError, match="UnrecognizedClientException") as caught:
        stranger.list_dashboards(AwsAccountId=ACCOUNT)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_wrong_secret_gives_an_invalid_signature(aws: Server) -> None:
    status, headers, _ = raw(signed(aws, "GET", f"/accounts/{ACCOUNT}/dashboards", secret="wrong"))

    assert (status, headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")


def test_a_body_changed_after_signing_is_refused(aws: Server) -> None:
    path = f"/accounts/{ACCOUNT}/dashboards/daily-calls/snapshot-jobs"
    request = signed(aws, "POST", path, b'{"SnapshotJobId": "mine"}')
    request.data = b'{"SnapshotJobId": "evil"}'

    status, headers, _ = raw(request)

    assert (status, headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")


def test_a_request_signed_twenty_minutes_ago_is_refused(aws: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = datetime.now(UTC) - timedelta(minutes=20)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: earlier)

    status, headers, _ = raw(signed(aws, "GET", f"/accounts/{ACCOUNT}/dashboards"))

    assert (status, headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")


def test_a_foreign_account_is_denied(quicksight: Any) -> None:
    with pytest.raises(quicksight.exceptions.AccessDeniedException) as caught:
        quicksight.list_dashboards(AwsAccountId="999999999999")

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 401


def test_motos_own_control_api_is_shut(aws: Server) -> None:
    request = urllib.request.Request(f"{aws.url}/moto-api/reset", b"", method="POST")

    with pytest.raises(urllib.error.HTTPError, match=r"40[34]") as caught:
        urllib.request.urlopen(request, timeout=10)

    caught.value.close()
