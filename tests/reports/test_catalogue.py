"""Against the pretend AWS, over HTTP: its answers have the shapes of botocore's service model."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from reports.aws.catalogue import DeclaredParameter
from reports.aws.clients import AccountFacts
from reports.aws.errors import AccessDenied, NoVerdict
from reports.aws.quicksight import QuickSight
from reports.catalogue import ReportFacts, check_and_store, preflight
from reports.models import Account, Report
from tenants.scope import platform_scope
from tests import factories
from tests.pretend_aws import ACCOUNT, REGION
from tests.reports.engine.conftest import aws, server

__all__ = ["aws", "server"]
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REGION_PARAMETER = DeclaredParameter("Region", "string", True)
DAILY_CALLS = ReportFacts("daily-calls", "sheet-1", ("table-1", "pivot-1"), frozenset({REGION_PARAMETER}), frozenset({"tenant_id"}))
BENCHMARK = ReportFacts("market-benchmark", "sheet-1", ("table-1",), same_for_everyone=True)


@pytest.fixture
def quicksight(aws):
    return QuickSight(AccountFacts(ACCOUNT, REGION))


def refusal(quicksight, facts):
    result = preflight(quicksight, facts)
    assert result.status == "refused"
    return result.detail


def make_report(**fields):
    """In the account that is asked."""
    account = factories.make_account(name=f"account-{fields['slug']}", aws_account_id=ACCOUNT, region=REGION)
    return factories.make_report(account=account, **fields)


def stored(report):
    with platform_scope():
        return Report.objects.get(pk=report.pk)


def definitions_read(aws) -> int:
    return aws.control.stats()["calls"].get("DescribeDashboardDefinition", 0)


def test_a_report_that_fits_its_dashboard_passes(quicksight):
    result = preflight(quicksight, DAILY_CALLS)

    assert (result.status, result.detail) == ("passed", "")


def test_preflight_collects_the_tag_rules_of_every_data_set(quicksight):
    (rules,) = preflight(quicksight, DAILY_CALLS).row_rules

    assert (rules["dataset"], rules["enabled"]) == ("calls", True)
    assert {"key": "tenant_id", "delimiter": ",", "match_all": "*"} in rules["rules"]
    assert ["tenant_id"] in rules["groups"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"dashboard_id": "weekly-calls"}, "no dashboard “weekly-calls”"),
        ({"sheet_id": "sheet-9"}, "no sheet “sheet-9”."),
        ({"visual_ids": ("table-9",)}, "no visual “table-9”"),
        ({"visual_ids": ("table-2",)}, "no visual “table-2”"),
        ({"visual_ids": ("chart-1",)}, "“chart-1” is no table or pivot table"),
        ({"parameters": frozenset({DeclaredParameter("region", "string", True)})}, "no parameter “region”."),
        ({"parameters": frozenset({DeclaredParameter("Region", "integer", True)})}, "“Region” is of type string"),
        ({"parameters": frozenset({DeclaredParameter("MinSeconds", "integer", True)})}, "“MinSeconds” takes one value"),
        ({"required_tags": frozenset({"company"})}, "Data set “Calls” (calls) has no tag rule for “company”"),
        ({"required_tags": frozenset({"desk"})}, "Data set “Calls” (calls) has a rule alternative without “desk”"),
    ],
)
def test_a_report_that_does_not_fit_is_refused_with_the_place(quicksight, changes, sentence):
    assert sentence in refusal(quicksight, replace(DAILY_CALLS, **changes))


def test_what_else_the_dashboard_has_is_told_to_the_platforms_people_alone(quicksight):
    other_name = frozenset({DeclaredParameter("region", "string", True)})

    result = preflight(quicksight, replace(DAILY_CALLS, sheet_id="sheet-9", parameters=other_name))

    assert "Its sheets: sheet-1, sheet-2." in result.remedy
    assert "Its parameters: Region," in result.remedy
    assert "sheet-1" not in result.detail
    assert "Region" not in result.detail


def test_all_faults_are_told_at_once(quicksight):
    detail = refusal(quicksight, replace(DAILY_CALLS, sheet_id="sheet-9", required_tags=frozenset({"company"})))

    assert "sheet-9" in detail
    assert "company" in detail


@pytest.mark.parametrize(
    ("status", "sentence", "remedy"),
    [
        (
            "DISABLED",
            "The tag rules of data set “Calls” (calls) are switched off: its rows are not held back by “tenant_id”.",
            "In QuickSight, turn on tag-based rules for data set “Calls” (calls).",
        ),
        (
            "NONE",
            "Data set “Calls” (calls) has no tag rules: its rows are not held back by “tenant_id”.",
            "In QuickSight, add tag-based rules for “tenant_id” to data set “Calls” (calls) and turn them on.",
        ),
    ],
)
def test_a_data_set_without_enabled_rules_is_refused_by_name_and_key_and_told_how_to_mend(aws, quicksight, status, sentence, remedy):
    aws.control.rules(dataset="calls", status=status)

    result = preflight(quicksight, DAILY_CALLS)

    assert (result.status, result.code, result.detail, result.remedy) == ("refused", "rows_not_isolated", sentence, remedy)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"dashboard_id": "weekly-calls"}, "report_missing"),
        ({"visual_ids": ("table-9",)}, "report_unfit"),
        ({"visual_ids": ("table-9",), "required_tags": frozenset({"company"})}, "rows_not_isolated"),
        ({"required_tags": frozenset()}, "rows_not_isolated"),
    ],
)
def test_a_refusal_is_named_by_its_gravest_fault(quicksight, changes, code):
    assert preflight(quicksight, replace(DAILY_CALLS, **changes)).code == code


def test_open_data_passes_only_when_it_is_the_same_for_everyone(quicksight):
    assert preflight(quicksight, BENCHMARK).status == "passed"
    assert "“Market benchmark” (market) has no tag rules" in refusal(
        quicksight, replace(BENCHMARK, same_for_everyone=False, required_tags=frozenset({"tenant_id"}))
    )


def test_an_outage_says_nothing_about_the_report(aws, quicksight):
    aws.control.outage(on=True)

    with pytest.raises(NoVerdict):
        preflight(quicksight, DAILY_CALLS)


def test_a_refused_credential_says_nothing_about_the_report(aws, quicksight):
    aws.control.fail_next("DescribeDashboard", "AccessDeniedException")

    with pytest.raises(AccessDenied):
        preflight(quicksight, DAILY_CALLS)


@pytest.mark.django_db(transaction=True)
def test_a_report_recorded_without_a_check_is_checked_and_stored(quicksight):
    report = make_report(slug="daily-calls", parameters=[], preflight="not_checked", preflight_at=None, row_rules=[])

    check_and_store(quicksight, report.pk, report.account_id, NOW)

    checked = stored(report)
    assert (checked.preflight, checked.preflight_at, checked.row_rules[0]["dataset"]) == ("passed", NOW, "calls")


@pytest.mark.django_db(transaction=True)
def test_a_refused_check_is_stored_with_its_reason(quicksight):
    report = make_report(slug="gone", parameters=[], preflight="not_checked", preflight_at=None)

    check_and_store(quicksight, report.pk, report.account_id, NOW)

    checked = stored(report)
    assert (checked.preflight, checked.preflight_code, checked.dashboard_version) == ("refused", "report_missing", None)
    assert "“gone”" in checked.preflight_detail
    assert "dashboard_id" in checked.preflight_remedy


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_quicksight_is_asked(quicksight):
    report = make_report(slug="daily-calls", parameters=[], preflight="not_checked", preflight_at=None)
    open_at_calls = []
    quicksight.gate = lambda: open_at_calls.append(connection.in_atomic_block)

    check_and_store(quicksight, report.pk, report.account_id, NOW)

    assert open_at_calls
    assert not any(open_at_calls)


@pytest.mark.django_db(transaction=True)
def test_a_definition_is_read_again_only_when_another_version_is_published(aws, quicksight):
    report = make_report(slug="daily-calls", parameters=[], preflight="not_checked", preflight_at=None)
    read = []

    for act in (lambda: None, lambda: None, lambda: aws.control.republish("daily-calls"), lambda: None):
        act()
        check_and_store(quicksight, report.pk, report.account_id, NOW)
        read.append(definitions_read(aws))

    assert read == [1, 1, 2, 2]
    assert (stored(report).preflight, stored(report).dashboard_version) == ("passed", 2)


@pytest.mark.django_db(transaction=True)
def test_a_version_that_did_not_fit_is_read_again_each_time(aws, quicksight):
    report = make_report(slug="daily-calls", parameters=[], visual_ids=["table-9"], preflight="not_checked", preflight_at=None)

    for _ in range(2):
        check_and_store(quicksight, report.pk, report.account_id, NOW)

    assert (definitions_read(aws), stored(report).preflight_code) == (2, "report_unfit")


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_took_long_does_not_replace_one_that_was_asked_for_later(aws, quicksight):
    report = make_report(slug="daily-calls", parameters=[], preflight_at=NOW)
    aws.control.rules("calls", "DISABLED")

    check_and_store(quicksight, report.pk, report.account_id, NOW - timedelta(seconds=1))

    assert (stored(report).preflight, stored(report).preflight_at) == ("passed", NOW)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("said", [{"role_arn": "arn:aws:iam::111122223333:role/other"}, {"external_id": "other"}, {"region": "eu-west-1"}])
def test_an_answer_is_not_kept_when_the_account_was_moved_meanwhile(quicksight, said):
    report = make_report(slug="daily-calls", parameters=[], preflight_at=NOW, dashboard_version=None)
    with platform_scope():
        Account.objects.filter(pk=report.account_id).update(**said)

    check_and_store(quicksight, report.pk, report.account_id, NOW)

    assert stored(report).dashboard_version is None


@pytest.mark.django_db(transaction=True)
def test_an_answer_of_another_account_is_not_kept(quicksight):
    report = make_report(slug="daily-calls", parameters=[], preflight_at=NOW, dashboard_version=None)
    other = factories.make_account(name="other")

    check_and_store(quicksight, report.pk, other.pk, NOW)

    assert stored(report).dashboard_version is None


@pytest.mark.django_db(transaction=True)
def test_rules_that_were_removed_are_missed_where_the_other_data_is_the_same_for_everyone(aws, quicksight):
    report = make_report(slug="daily-calls", parameters=[], same_for_everyone=True, preflight="not_checked", preflight_at=None)
    check_and_store(quicksight, report.pk, report.account_id, NOW)
    aws.control.rules("calls", "NONE")

    results = [check_and_store(quicksight, report.pk, report.account_id, NOW) for _ in range(2)]

    assert [result.detail for result in results] == ["Data set “Calls” (calls) had tag rules and has none any more."] * 2


@pytest.mark.django_db(transaction=True)
def test_a_report_that_turns_refused_is_logged_once_with_what_to_do(aws, quicksight, caplog):
    report = make_report(slug="daily-calls", parameters=[], preflight_at=NOW)
    aws.control.rules("calls", "DISABLED")

    for _ in range(2):
        check_and_store(quicksight, report.pk, report.account_id, NOW)

    (line,) = [record.getMessage() for record in caplog.records if record.name == "reports.catalogue"]
    assert line.startswith("report daily-calls is refused: The tag rules of data set “Calls” (calls) are switched off")
    assert "turn on tag-based rules" in line
