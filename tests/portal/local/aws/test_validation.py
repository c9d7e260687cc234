"""Requests that QuickSight refuses; where it is not known when, at once or as a job that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.portal.local.aws import wire
from tests.portal.local.aws.snapshot_requests import PDF, csv_of, excel_of, run, selection, start_request
from tests.pretend_aws import Server

Request = dict[str, Any]


def tagged(*pairs: tuple[str, str]) -> Request:
    return {"RowLevelPermissionTags": [{"Key": key, "Value": value} for key, value in pairs]}


def with_users(*users: Request) -> Request:
    return start_request() | {"UserConfiguration": {"AnonymousUsers": list(users)}}


def with_parameters(name: str, count: int) -> Request:
    values = {"StringParameters": "a", "IntegerParameters": 1, "DecimalParameters": 0.5, "DateTimeParameters": 1.0}
    return start_request(parameters={name: [{"Name": f"P{n}", "Values": [values[name]]} for n in range(count)]})


def two_files_in_a_group() -> Request:
    request = start_request()
    request["SnapshotConfiguration"]["FileGroups"][0]["Files"] *= 2
    return request


REFUSED: dict[str, Callable[[], Request]] = {
    "a job id with a blank": lambda: start_request(job="a b"),
    "a job id that is not ASCII": lambda: start_request(job="jöb"),
    "a job id of 513 characters": lambda: start_request(job="x" * 513),
    "a dashboard id with a slash": lambda: start_request(dashboard="a/b"),
    "a dashboard id of 513 characters": lambda: start_request(dashboard="x" * 513),
    "a tag key of 129 characters": lambda: with_users(tagged(("k" * 129, "v"))),
    "a tag value of 257 characters": lambda: with_users(tagged(("k", "v" * 257))),
    "51 tags": lambda: with_users(tagged(*((f"k{n}", "v") for n in range(51)))),
    "two anonymous users": lambda: with_users(tagged(("k", "v")), tagged(("k", "v"))),
    "the format XLS": lambda: start_request(csv_of("table-1") | {"FormatType": "XLS"}),
    "the format XLSX": lambda: start_request(csv_of("table-1") | {"FormatType": "XLSX"}),
    "8 file groups": lambda: start_request(*[csv_of("table-1")] * 8),
    "2 files in a group": two_files_in_a_group,
    "6 sheet selections": lambda: start_request(excel_of("table-1") | {"SheetSelections": [selection("table-1")] * 6}),
    "6 visuals": lambda: start_request(excel_of(*["table-1"] * 6)),
    "101 string parameters": lambda: with_parameters("StringParameters", 101),
    "101 integer parameters": lambda: with_parameters("IntegerParameters", 101),
    "101 decimal parameters": lambda: with_parameters("DecimalParameters", 101),
    "101 date-time parameters": lambda: with_parameters("DateTimeParameters", 101),
    "a blank bucket name": lambda: start_request(bucket=" "),
    "a blank prefix": lambda: start_request(prefix=" "),
    "a blank region": lambda: start_request(region=" "),
}
# Which of these fail only later is not documented.
COMBINATIONS: dict[str, Callable[[], Request]] = {
    "another region": lambda: start_request(region="eu-west-1"),
    "a PDF of selected visuals": lambda: start_request(csv_of("table-1") | {"FormatType": "PDF"}),
    "a PDF of two sheets": lambda: start_request(PDF | {"SheetSelections": PDF["SheetSelections"] * 2}),
    "a CSV of all visuals": lambda: start_request(PDF | {"FormatType": "CSV"}),
    "a CSV without visuals": lambda: start_request(
        {"FormatType": "CSV", "SheetSelections": [{"SheetId": "sheet-1", "SelectionScope": "SELECTED_VISUALS"}]}
    ),
    "an Excel file of all visuals": lambda: start_request(PDF | {"FormatType": "EXCEL"}),
    "an Excel file without visuals": lambda: start_request(
        {"FormatType": "EXCEL", "SheetSelections": [{"SheetId": "sheet-1", "SelectionScope": "SELECTED_VISUALS"}]}
    ),
    "a CSV of 2 visuals": lambda: start_request(csv_of("table-1", "pivot-1")),
    "an Excel file of 6 visuals over two selections": lambda: start_request(
        {"FormatType": "EXCEL", "SheetSelections": [selection(*["table-1"] * 3), selection(*["pivot-1"] * 3)]}
    ),
    "two PDF groups": lambda: start_request(PDF, PDF),
    "two Excel groups": lambda: start_request(excel_of("table-1"), excel_of("table-1")),
    "six CSV groups": lambda: start_request(*[csv_of("table-1")] * 6),
    "an unknown sheet": lambda: start_request(csv_of("table-1", sheet="sheet-9")),
    "an unknown visual": lambda: start_request(csv_of("table-9")),
    "a chart": lambda: start_request(csv_of("chart-1")),
}


@pytest.mark.parametrize("reason", REFUSED)
@pytest.mark.parametrize("wrong_requests", ["refuse", "fail"])
def test_what_the_model_forbids_is_refused_and_creates_nothing(aws: Server, quicksight: Any, reason: str, wrong_requests: str) -> None:
    aws.control.set(wrong_requests=wrong_requests)

    assert_refused(aws, quicksight, REFUSED[reason]())


def test_an_empty_tag_value_is_refused(aws: Server) -> None:
    # Not by boto3, which does not send it.
    status, headers, _ = wire.start(aws, with_users(tagged(("tenant_id", ""))))

    assert (status, headers["x-amzn-ErrorType"]) == (400, "InvalidParameterValueException")
    assert aws.control.jobs() == []


@pytest.mark.parametrize("reason", COMBINATIONS)
def test_a_wrong_combination_is_refused_and_creates_nothing(aws: Server, quicksight: Any, reason: str) -> None:
    assert_refused(aws, quicksight, COMBINATIONS[reason]())


@pytest.mark.parametrize("reason", COMBINATIONS)
def test_a_wrong_combination_can_become_a_failed_job_instead(aws: Server, quicksight: Any, reason: str) -> None:
    aws.control.set(wrong_requests="fail")

    result = run(quicksight, COMBINATIONS[reason]())

    assert (result["JobStatus"], result["ErrorInfo"]["ErrorType"]) == ("FAILED", "INVALID_REQUEST")
    assert result["ErrorInfo"]["ErrorMessage"]


def assert_refused(aws: Server, quicksight: Any, request: Request) -> None:
    with pytest.raises(quicksight.exceptions.InvalidParameterValueException) as caught:
        quicksight.start_dashboard_snapshot_job(**request)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert aws.control.jobs() == []


def test_an_unknown_dashboard_is_not_found(aws: Server, quicksight: Any) -> None:
    with pytest.raises(quicksight.exceptions.ResourceNotFoundException):
        quicksight.start_dashboard_snapshot_job(**start_request(dashboard="nothing"))

    assert aws.control.jobs() == []


def test_seven_files_in_one_job_are_the_most_and_are_accepted(quicksight: Any) -> None:
    request = start_request(PDF, excel_of("table-1"), *[csv_of("table-1")] * 5)

    assert quicksight.start_dashboard_snapshot_job(**request)["SnapshotJobId"] == request["SnapshotJobId"]


def test_an_unknown_parameter_is_ignored_until_the_switch_is_set(aws: Server, quicksight: Any) -> None:
    parameters = {"StringParameters": [{"Name": "Nobody", "Values": ["x"]}]}
    quicksight.start_dashboard_snapshot_job(**start_request(parameters=parameters))

    aws.control.set(strict_parameters=True)

    with pytest.raises(quicksight.exceptions.InvalidParameterValueException, match="Nobody"):
        quicksight.start_dashboard_snapshot_job(**start_request(parameters=parameters))
