"""A dashboard gets another version: what lists and describes it says so, and `reset` takes it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from portal.local.aws.client import ControlError
from tests.pretend_aws import ACCOUNT, Server

DAILY_CALLS = {"AwsAccountId": ACCOUNT, "DashboardId": "daily-calls"}


def versions(quicksight: Any) -> dict[str, int]:
    listed = quicksight.list_dashboards(AwsAccountId=ACCOUNT)["DashboardSummaryList"]
    return {row["DashboardId"]: row["PublishedVersionNumber"] for row in listed}


def described(quicksight: Any) -> dict[str, Any]:
    return dict(quicksight.describe_dashboard(**DAILY_CALLS)["Dashboard"])


def test_the_next_version_is_listed_and_described_with_its_time(aws: Server, quicksight: Any) -> None:
    aws.control.advance_clock(3600)
    before = datetime.now(UTC)

    aws.control.republish("daily-calls")

    assert versions(quicksight) == {"daily-calls": 2, "agent-scorecard": 1, "market-benchmark": 1}
    dashboard = described(quicksight)
    assert (dashboard["Version"]["VersionNumber"], dashboard["Version"]["Arn"][-10:]) == (2, "/version/2")
    assert dashboard["LastPublishedTime"] > before + timedelta(minutes=59)


def test_a_new_version_may_have_another_data_set_behind_it(aws: Server, quicksight: Any) -> None:
    aws.control.republish("daily-calls", dataset="market")

    assert [arn.rpartition("/")[2] for arn in described(quicksight)["Version"]["DataSetArns"]] == ["calls", "market"]


def test_a_new_version_may_lack_a_sheet_or_a_visual(aws: Server, quicksight: Any) -> None:
    aws.control.republish("daily-calls", without="sheet-2")
    aws.control.republish("daily-calls", without="table-1")

    (sheet,) = quicksight.describe_dashboard_definition(**DAILY_CALLS)["Definition"]["Sheets"]
    visuals = [body["VisualId"] for visual in sheet["Visuals"] for body in visual.values()]
    assert (sheet["SheetId"], visuals) == ("sheet-1", ["chart-1", "pivot-1"])
    assert described(quicksight)["Version"]["VersionNumber"] == 3


@pytest.mark.parametrize("wrong", [{"without": "table-9"}, {"dataset": "invoices"}])
def test_what_is_not_there_is_refused_and_nothing_is_published(aws: Server, quicksight: Any, wrong: dict[str, str]) -> None:
    with pytest.raises(ControlError):
        aws.control.republish("daily-calls", **wrong)

    assert versions(quicksight)["daily-calls"] == 1


def test_reset_takes_new_versions_back(aws: Server, quicksight: Any) -> None:
    aws.control.republish("daily-calls", dataset="market", without="sheet-2")

    aws.control.reset()

    dashboard = described(quicksight)
    assert (dashboard["Version"]["VersionNumber"], len(dashboard["Version"]["Sheets"])) == (1, 2)
