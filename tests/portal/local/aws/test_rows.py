"""Who sees which rows: tags decide, parameters only filter inside."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest
from openpyxl import load_workbook

from portal.local.aws.dataset import COMPANIES, calls
from portal.local.aws.rows import TagRule, TagRules, visible_rows
from tests.portal.local.aws.snapshot_requests import (
    PDF,
    call_ids,
    csv_lines,
    csv_of,
    excel_of,
    files_of,
    run,
    start_request,
)
from tests.pretend_aws import Server


def of(company: str) -> set[str]:
    return {call["call_id"] for call in calls() if call["tenant_id"] == company}


def test_every_company_has_its_own_rows_and_together_they_are_the_data_set(aws: Server) -> None:
    seen = {company: call_ids(aws, tags={"tenant_id": company}) for company in COMPANIES}

    assert all(len(ids) >= 300 for ids in seen.values())
    assert sum(len(ids) for ids in seen.values()) == len(set().union(*seen.values()))
    assert set().union(*seen.values()) == {call["call_id"] for call in calls()}


@pytest.mark.parametrize("company", ["acme", "globex"])
def test_no_format_shows_a_foreign_row(aws: Server, company: str) -> None:
    request = start_request(PDF, csv_of("table-1"), excel_of("table-1"), tags={"tenant_id": company})
    everyone = {call["call_id"] for call in calls()}

    pdf, csv, excel = files_of(aws, request)

    pdf_text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    cells = {str(row[0].value) for row in load_workbook(io.BytesIO(excel)).worksheets[0].iter_rows()}
    assert {word for word in pdf_text.split() if word in everyone} == of(company)
    assert {line["Call"] for line in csv_lines(csv)} == of(company)
    assert cells & everyone == of(company)
    assert COMPANIES[company] in pdf_text
    assert not any(name in pdf_text for key, name in COMPANIES.items() if key != company)


@pytest.mark.parametrize("tags", [None, {"desk": "north"}, {"nothing": "acme"}, {"tenant_id": "ACME"}, {"tenant_id": " acme"}])
def test_missing_incomplete_or_wrong_tags_give_no_rows(aws: Server, tags: dict[str, str] | None) -> None:
    assert call_ids(aws, tags=tags) == set()


def test_a_job_without_tags_gives_no_rows_in_any_format(aws: Server) -> None:
    pdf, csv, excel = files_of(aws, start_request(PDF, csv_of("table-1"), excel_of("table-1")))

    pdf_text = "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    assert not any(call["call_id"] in pdf_text for call in calls())
    assert csv_lines(csv) == []
    assert load_workbook(io.BytesIO(excel)).worksheets[0].max_row == 1


def test_a_further_tag_narrows_the_rows_of_the_company(aws: Server) -> None:
    narrowed = call_ids(aws, tags={"tenant_id": "acme", "desk": "north"})

    assert narrowed == {call["call_id"] for call in calls() if (call["tenant_id"], call["desk"]) == ("acme", "north")}
    assert set() < narrowed < of("acme")


def test_the_literal_reading_of_alternatives_widens_instead(aws: Server) -> None:
    aws.control.set(widest_group_wins=True)

    assert call_ids(aws, tags={"tenant_id": "acme", "desk": "north"}) == of("acme")


def test_a_value_with_the_delimiter_is_a_list(aws: Server) -> None:
    assert call_ids(aws, tags={"tenant_id": "acme,globex"}) == of("acme") | of("globex")


def test_the_match_all_value_turns_its_rule_off(aws: Server) -> None:
    assert call_ids(aws, tags={"tenant_id": "*"}) == {call["call_id"] for call in calls()}


def test_unknown_keys_are_ignored(aws: Server) -> None:
    assert call_ids(aws, tags={"tenant_id": "acme", "colour": "red"}) == of("acme")


@pytest.mark.parametrize("status", ["DISABLED", "NONE"])
def test_a_dataset_without_enabled_rules_shows_everything(aws: Server, quicksight: Any, status: str) -> None:
    aws.control.rules("calls", status)

    assert call_ids(aws, tags={"tenant_id": "acme"}) == {call["call_id"] for call in calls()}
    described = quicksight.describe_data_set(AwsAccountId="111122223333", DataSetId="calls")["DataSet"]
    assert described.get("RowLevelPermissionTagConfiguration", {"Status": "NONE"})["Status"] == status


def test_rules_without_alternatives_must_all_hold(aws: Server) -> None:
    aws.control.set_rules("calls", [{"key": "tenant_id", "column": "tenant_id"}, {"key": "desk", "column": "desk"}])

    assert call_ids(aws, tags={"tenant_id": "acme"}) == set()
    assert call_ids(aws, tags={"tenant_id": "acme", "desk": "night"}) < of("acme")


def test_alternatives_that_do_not_contain_each_other_add_up() -> None:
    rows = [{"a": "1", "b": "2"}, {"a": "1", "b": "9"}, {"a": "9", "b": "2"}, {"a": "9", "b": "9"}]
    rules = TagRules((TagRule("a", "a"), TagRule("b", "b")), groups=(("a",), ("b",)))

    assert visible_rows(rows, rules, {"a": "1", "b": "2"}) == rows[:3]
    assert visible_rows(rows, rules, {"b": "2"}) == [rows[0], rows[2]]
    assert visible_rows(rows, rules, {}) == []


PARAMETERS = {
    "Region": ({"StringParameters": [{"Name": "Region", "Values": ["North", "West"]}]}, lambda call: call["region"] in ("North", "West")),
    "From": (
        {"DateTimeParameters": [{"Name": "From", "Values": [1794000000.5]}]},
        lambda call: call["started_at"].timestamp() >= 1794000000.5,
    ),
    "To": ({"DateTimeParameters": [{"Name": "To", "Values": [1794000000.5]}]}, lambda call: call["started_at"].timestamp() <= 1794000000.5),
    "MinSeconds": ({"IntegerParameters": [{"Name": "MinSeconds", "Values": [300]}]}, lambda call: call["handle_seconds"] >= 300),
    "MinScore": ({"DecimalParameters": [{"Name": "MinScore", "Values": [4.5]}]}, lambda call: (call["score"] or 0) >= 4.5),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_filters_inside_what_the_tags_allow(aws: Server, name: str) -> None:
    parameters, wanted = PARAMETERS[name]

    seen = call_ids(aws, tags={"tenant_id": "globex"}, parameters=parameters)

    assert seen == {call["call_id"] for call in calls() if call["tenant_id"] == "globex" and wanted(call)}
    assert set() < seen < of("globex")


def test_a_parameter_never_reaches_beyond_the_tags(aws: Server) -> None:
    parameters = {"StringParameters": [{"Name": "tenant_id", "Values": ["globex"]}, {"Name": "Region", "Values": ["Nowhere"]}]}

    assert call_ids(aws, tags={"tenant_id": "acme"}, parameters=parameters) == set()


def test_incomplete_tags_can_fail_the_job_or_show_everything(aws: Server, quicksight: Any) -> None:
    aws.control.set(incomplete_tags="failed")
    failed = run(quicksight, start_request(tags={"desk": "north"}))
    aws.control.set(incomplete_tags="all_rows")

    assert (failed["JobStatus"], failed["ErrorInfo"]["ErrorType"]) == ("FAILED", "RLS_TAGS_INCOMPLETE")
    assert call_ids(aws) == call_ids(aws, tags={"desk": "north"}) == {call["call_id"] for call in calls()}
