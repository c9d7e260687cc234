"""Reports are checked without a run, too: once their dashboard is republished, and daily."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django_q.models import OrmQ

from reports import rechecking, tasks
from reports.aws.clients import AccountFacts
from reports.aws.quicksight import QuickSight
from reports.models import Report, RequestBudget
from tenants.scope import platform_scope
from tests.factories import make_account, make_report
from tests.pretend_aws import ACCOUNT, REGION
from tests.reports.engine.conftest import aws, server

__all__ = ["aws", "server"]
pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
YESTERDAY, LATELY = NOW - timedelta(days=1), NOW - timedelta(hours=23)


@pytest.fixture
def account(db):
    return make_account(aws_account_id=ACCOUNT, region=REGION)


def report_of(account, dashboard: str = "daily-calls", checked_at=LATELY, **fields) -> Report:
    fields = {"parameters": [], "visual_ids": ["table-1"], "preflight_at": checked_at} | fields
    return make_report(account=account, dashboard_id=dashboard, **fields)


def recheck(account, now=NOW) -> None:
    rechecking.recheck(account, QuickSight(AccountFacts(ACCOUNT, REGION)), lambda: now)


def checked(report) -> Report:
    with platform_scope():
        return Report.objects.get(pk=report.pk)


def calls(aws) -> dict[str, int]:
    return aws.control.stats()["calls"]


def test_a_republished_dashboard_is_checked_again_by_its_new_version(aws, account):
    report, other = report_of(account), report_of(account, "agent-scorecard")
    aws.control.republish("daily-calls", without="table-1")

    recheck(account)

    found = checked(report)
    assert (found.preflight, found.preflight_code, found.dashboard_version) == ("refused", "report_unfit", 2)
    assert found.preflight_at == NOW
    assert checked(other).preflight_at == LATELY


def test_a_data_set_that_came_in_by_republishing_refuses_the_report(aws, account):
    report = report_of(account)
    aws.control.republish("daily-calls", dataset="market")

    recheck(account)

    assert checked(report).preflight_detail.startswith("Data set “Market benchmark” (market) has no tag rules")


def test_a_version_that_was_seen_is_not_checked_each_time(aws, account):
    report_of(account)
    aws.control.republish("daily-calls")

    for _ in range(3):
        recheck(account)

    assert calls(aws) == {"ListDashboards": 3, "DescribeDashboard": 1, "DescribeDashboardDefinition": 1, "DescribeDataSet": 1}


def test_a_dashboard_that_was_deleted_refuses_its_reports_once(aws, account):
    report = report_of(account, "weekly-calls")

    for _ in range(2):
        recheck(account)

    found = checked(report)
    assert (found.preflight_code, found.dashboard_version) == ("report_missing", None)
    assert calls(aws)["DescribeDashboard"] == 1


def test_a_day_after_its_last_check_a_report_is_checked_again(aws, account):
    old, fresh = report_of(account, checked_at=YESTERDAY), report_of(account, checked_at=YESTERDAY + timedelta(seconds=1))
    aws.control.rules("calls", "DISABLED")

    recheck(account)

    assert [checked(report).preflight for report in (old, fresh)] == ["refused", "passed"]


def test_a_report_that_nobody_checked_yet_is_due(aws, account):
    report = report_of(account, checked_at=None, preflight="not_checked", dashboard_version=None, row_rules=[])

    recheck(account)

    assert (checked(report).preflight, checked(report).dashboard_version) == ("passed", 1)


def test_a_retired_report_is_left_alone(aws, account):
    retired = report_of(account, checked_at=YESTERDAY, retired_at=YESTERDAY)

    recheck(account)

    assert checked(retired).preflight_at == YESTERDAY


def test_another_accounts_reports_are_left_alone(aws, account):
    elsewhere = report_of(make_account(name="elsewhere"), checked_at=YESTERDAY)

    recheck(account)

    assert checked(elsewhere).preflight_at == YESTERDAY


def test_an_account_that_does_not_answer_is_asked_the_next_time(aws, account, caplog):
    report = report_of(account, checked_at=YESTERDAY)
    aws.control.outage()
    recheck(account)
    before = checked(report)

    aws.control.outage(on=False)
    recheck(account)

    assert (before.preflight, before.preflight_at) == ("passed", YESTERDAY)
    assert checked(report).preflight_at == NOW
    assert "account main: its reports are not checked this time" in caplog.text


def test_a_report_without_an_answer_does_not_keep_the_others_waiting(aws, account, caplog):
    silent, other = report_of(account, checked_at=YESTERDAY - timedelta(days=1)), report_of(account, "agent-scorecard", YESTERDAY)
    aws.control.fail_next("DescribeDashboard", "InternalFailureException", dashboard="daily-calls")

    recheck(account)

    assert [checked(report).preflight_at for report in (silent, other)] == [YESTERDAY - timedelta(days=1), NOW]
    assert f"report {silent.slug} could not be checked, QuickSight says InternalFailureException" in caplog.text


def test_two_reports_in_a_row_without_an_answer_end_the_round(aws, account, caplog):
    silent = [report_of(account, checked_at=YESTERDAY - timedelta(days=age)) for age in (2, 1)]
    other = report_of(account, "agent-scorecard", YESTERDAY)
    aws.control.fail_next("DescribeDashboard", "InternalFailureException", times=2, dashboard="daily-calls")

    recheck(account)

    assert [checked(report).preflight_at for report in (*silent, other)] == [YESTERDAY - timedelta(days=age) for age in (2, 1, 0)]
    assert "account main: its reports are not checked this time" in caplog.text


def test_a_report_that_quicksight_denies_does_not_stop_the_others(aws, account):
    denied, other = report_of(account, checked_at=YESTERDAY - timedelta(days=1)), report_of(account, "agent-scorecard", YESTERDAY)
    aws.control.fail_next("DescribeDashboard", "AccessDeniedException", dashboard="daily-calls")

    recheck(account)

    assert [checked(report).preflight_at for report in (denied, other)] == [YESTERDAY - timedelta(days=1), NOW]


def test_a_report_that_breaks_our_own_code_does_not_stop_the_others(aws, account, caplog):
    """Here: rules kept in a shape that nobody writes."""
    broken, other = report_of(account, checked_at=YESTERDAY - timedelta(days=1)), report_of(account, "agent-scorecard", YESTERDAY)
    with platform_scope():
        Report.objects.filter(pk=broken.pk).update(row_rules=[{"no": "data set"}])

    recheck(account)

    assert [checked(report).preflight_at for report in (broken, other)] == [YESTERDAY - timedelta(days=1), NOW]
    assert f"report {broken.slug} could not be checked" in caplog.text


def test_what_is_longest_unasked_comes_first(account):
    never, long_ago, yesterday = (report_of(account, checked_at=at) for at in (None, YESTERDAY - timedelta(days=9), YESTERDAY))

    with platform_scope():
        assert list(Report.objects.due_for_preflight(NOW)) == [never, long_ago, yesterday]


def test_accounts_have_their_turns_one_after_the_other_and_one_that_breaks_ends_no_row(account, monkeypatch):
    second = make_account(name="second")
    for each in (account, account, second):
        report_of(each)
    make_account(name="empty")
    begun = []

    def breaks(checked, *_):
        begun.append(checked.pk)
        raise RuntimeError("as a fault in our code would")

    monkeypatch.setattr(rechecking, "recheck", breaks)
    tasks.recheck_reports()

    for waiting in (1, 1, 0):
        assert OrmQ.objects.filter(key=tasks.WORK).count() == waiting
        for message in OrmQ.objects.filter(key=tasks.WORK):
            message.delete()
            with pytest.raises(RuntimeError):
                tasks.recheck_account(*message.task["args"])
    assert sorted(begun) == sorted([account.pk, second.pk])


@pytest.mark.django_db(transaction=True)
def test_an_accounts_task_checks_by_the_databases_clock_at_the_pace_of_its_budget(aws, account):
    report = report_of(account, checked_at=YESTERDAY)
    before = next_request_at(account)

    tasks.recheck_account(account.pk)

    assert checked(report).preflight_at > datetime.now(UTC) - timedelta(minutes=1)
    assert next_request_at(account) > before


def next_request_at(account) -> datetime:
    with platform_scope():
        return RequestBudget.objects.get(account=account).next_request_at
