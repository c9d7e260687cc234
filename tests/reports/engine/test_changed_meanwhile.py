"""The catalogue changes while jobs wait and run: what was asked for is sent as it was asked and checked, or not at all."""

from __future__ import annotations

import pytest

from reports.models import Grant, Report, ReportParameter
from tenants.scope import platform_scope, tenant_scope
from tests.reports.engine import steps

pytestmark = pytest.mark.django_db


def change(report: Report, **columns) -> None:
    with platform_scope():
        Report.objects.filter(pk=report.pk).update(**columns)


def test_a_parameter_that_the_report_lost_is_not_left_out_in_silence(aws, account, acme, daily_calls):
    job = steps.submit(acme, parameters={"Region": ["West"]})
    with platform_scope():
        ReportParameter.objects.filter(report=daily_calls, name="Region").delete()

    steps.turn(account)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "parameter_refused")
    assert "Region" in failed.failure_text
    assert aws.control.jobs() == []


def test_a_running_attempt_keeps_the_dashboard_it_was_started_for(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    change(daily_calls, dashboard_id="market-benchmark")

    steps.run_until_ended(account, job)

    assert steps.status_of(job) == "completed"
    assert [sent["dashboard"] for sent in aws.control.jobs()] == ["daily-calls"]


def test_an_attempt_that_was_not_accepted_is_not_sent_to_what_the_report_was(aws, account, acme, daily_calls):
    aws.control.fail_next("StartDashboardSnapshotJob", "InternalFailureException")
    job = steps.submit(acme)
    steps.turn(account)
    change(daily_calls, dashboard_id="agent-scorecard")

    steps.run_until_ended(account, job)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "rows_not_isolated")
    assert "changed while the job was being started" in failed.failure_text
    assert aws.control.jobs() == []


@pytest.mark.parametrize("withdraw", ["grant", "report"])
def test_what_is_no_longer_offered_is_not_started(withdraw, aws, account, acme, daily_calls, now):
    job = steps.submit(acme)
    if withdraw == "report":
        change(daily_calls, retired_at=now)
    else:
        with tenant_scope(acme):
            Grant.objects.update(withdrawn_at=now)

    steps.turn(account)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "report_not_available")
    assert failed.failure_text == "This report is no longer offered to you."
    assert steps.held_slots(account) == 0
    assert aws.control.jobs() == []


def test_a_report_recorded_without_a_check_is_checked_before_its_first_start(aws, account, acme, daily_calls):
    change(daily_calls, preflight=Report.Preflight.NOT_CHECKED)
    job = steps.submit(acme)

    steps.run_until_ended(account, job)

    with platform_scope():
        checked = Report.objects.get(pk=daily_calls.pk)
    assert steps.status_of(job) == "completed"
    assert checked.preflight == "passed"
    assert checked.row_rules
