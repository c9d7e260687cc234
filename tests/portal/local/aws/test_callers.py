"""Who is let in: signatures, permissions, the account and what it has paid for."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.portal.local.aws import wire
from tests.portal.local.aws.snapshot_requests import ids, start_request
from tests.portal.local.aws.wire import SNAPSHOTS, raw, signed
from tests.pretend_aws import ACCOUNT, Server

DASHBOARDS = f"/accounts/{ACCOUNT}/dashboards"


def test_a_request_without_a_signature_is_refused(aws: Server) -> None:
    status, headers, body = raw(urllib.request.Request(aws.url + DASHBOARDS))

    assert (status, headers["x-amzn-ErrorType"]) == (403, "MissingAuthenticationTokenException")
    assert body["RequestId"] == headers["x-amzn-RequestId"]


def test_an_unknown_key_is_not_recognised(aws: Server) -> None:
    stranger = aws.client("quicksight", keys=("AKIASTRANGERSTRANGER", "secret"))

    with pytest.raises(stranger.exceptions.ClientError, match="UnrecognizedClientException") as caught:
        stranger.list_dashboards(AwsAccountId=ACCOUNT)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_wrong_secret_gives_an_invalid_signature(aws: Server) -> None:
    status, headers, _ = raw(signed(aws, "GET", DASHBOARDS, secret="wrong"))

    assert (status, headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")


def test_a_body_changed_after_signing_is_refused(aws: Server) -> None:
    request = signed(aws, "POST", SNAPSHOTS, b'{"SnapshotJobId": "mine"}')
    request.data = b'{"SnapshotJobId": "evil"}'

    status, headers, _ = raw(request)

    assert (status, headers["x-amzn-ErrorType"]) == (403, "InvalidSignatureException")


@pytest.mark.parametrize(("minutes", "status"), [(-20, 403), (-14, 200), (14, 200), (20, 403)])
def test_a_date_off_by_more_than_a_quarter_of_an_hour_is_refused(
    aws: Server, monkeypatch: pytest.MonkeyPatch, minutes: int, status: int
) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment)

    answered, headers, _ = raw(signed(aws, "GET", DASHBOARDS))

    assert (answered, headers.get("x-amzn-ErrorType")) == (status, "InvalidSignatureException" if status == 403 else None)


@pytest.mark.parametrize("denied", ["quicksight:StartDashboardSnapshotJob", "quicksight:Start*", "*"])
def test_a_known_key_without_permission_is_denied_and_starts_nothing(aws: Server, quicksight: Any, denied: str) -> None:
    aws.control.set(denied=[denied])

    status, headers, _ = wire.start(aws, start_request())

    assert (status, headers["x-amzn-ErrorType"]) == (401, "AccessDeniedException")
    assert aws.control.jobs() == []


def test_what_is_denied_leaves_the_rest_and_ends_with_a_reset(aws: Server, quicksight: Any) -> None:
    aws.control.set(denied=["quicksight:DescribeDashboard", "s3:*"])

    with pytest.raises(quicksight.exceptions.AccessDeniedException, match=r"quicksight:DescribeDashboard$"):
        quicksight.describe_dashboard_definition(AwsAccountId=ACCOUNT, DashboardId="daily-calls")
    assert quicksight.list_dashboards(AwsAccountId=ACCOUNT)["DashboardSummaryList"]
    aws.control.reset()

    assert quicksight.describe_dashboard_definition(AwsAccountId=ACCOUNT, DashboardId="daily-calls")["Definition"]


@pytest.mark.parametrize("account", ["999999999999", "1234567890123", "11112222333a"])
@pytest.mark.parametrize(("code", "status"), [("AccessDeniedException", 401), ("InvalidParameterValueException", 400)])
def test_an_account_that_is_not_ours_is_refused(aws: Server, quicksight: Any, account: str, code: str, status: int) -> None:
    aws.control.set(foreign_account_code=code)

    with pytest.raises(getattr(quicksight.exceptions, code)) as caught:
        quicksight.start_dashboard_snapshot_job(**start_request() | {"AwsAccountId": account})

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert aws.control.jobs() == []


def test_an_account_without_capacity_pricing_starts_no_job(aws: Server, quicksight: Any) -> None:
    aws.control.set(capacity_pricing=False)

    with pytest.raises(quicksight.exceptions.UnsupportedPricingPlanException) as caught:
        quicksight.start_dashboard_snapshot_job(**start_request())

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert aws.control.jobs() == []


def test_the_standard_edition_has_no_snapshot_jobs(aws: Server, quicksight: Any) -> None:
    known = start_request()
    quicksight.start_dashboard_snapshot_job(**known)
    aws.control.set(edition="STANDARD")
    operations = {
        quicksight.start_dashboard_snapshot_job: start_request(),
        quicksight.describe_dashboard_snapshot_job: ids(known),
        quicksight.describe_dashboard_snapshot_job_result: ids(known),
    }

    for operation, arguments in operations.items():
        with pytest.raises(quicksight.exceptions.UnsupportedUserEditionException) as caught:
            operation(**arguments)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403

    assert [job["id"] for job in aws.control.jobs()] == [known["SnapshotJobId"]]


def test_motos_own_control_api_is_shut(aws: Server) -> None:
    request = urllib.request.Request(f"{aws.url}/moto-api/reset", b"", method="POST")

    with pytest.raises(urllib.error.HTTPError, match=r"40[34]") as caught:
        urllib.request.urlopen(request, timeout=10)

    caught.value.close()
