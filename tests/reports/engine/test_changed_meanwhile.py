"""The catalogue changes while jobs wait and run: what was asked for is sent as it was asked and checked, or not at all."""

from __future__ import annotations

import pytest

from reports.models import Grant, Report, ReportParameter
from tenants.scope import platform_scope, tenant_scope
from tests.factories import give_tags, make_account
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


def never_accepted(aws, account, tenant):
    """A job with an attempt whose start got no answer."""
    aws.control.fail_next(steps.START, "InternalFailureException")
    job = steps.submit(tenant)
    steps.turn(account)
    (attempt,) = steps.attempts_of(job)
    assert (attempt.accepted_at, attempt.ended_at) == (None, None)
    return job


def refuse(report, acme, now) -> None:
    change(report, preflight=Report.Preflight.REFUSED, preflight_code="rows_not_isolated", preflight_detail=SWITCHED_OFF)


def withdraw(report, acme, now) -> None:
    with tenant_scope(acme):
        Grant.objects.update(withdrawn_at=now)


def retire(report, acme, now) -> None:
    change(report, retired_at=now)


def move_to_another_account(report, acme, now) -> None:
    change(report, account=make_account(name="elsewhere"))


def move_to_another_dashboard(report, acme, now) -> None:
    change(report, dashboard_id="agent-scorecard")


def move_to_another_sheet(report, acme, now) -> None:
    change(report, sheet_id="sheet-2")


def change_a_tag(report, acme, now) -> None:
    give_tags(acme, {"tenant_id": "acme-hotels"})


def add_a_tag(report, acme, now) -> None:
    give_tags(acme, {"tenant_id": "acme", "region": "West"})


NO_LONGER_OFFERED = ("report_not_available", "This report is no longer offered to you.")
CHANGED = ("report_changed", "The report or its session tags were changed while the job was being started.")
NOT_PROVEN = "This report cannot prove that it shows only your rows, so it was not started."
SWITCHED_OFF = "The tag rules of data set “Calls” (calls) are switched off."
CHANGES = {
    refuse: ("rows_not_isolated", f"{NOT_PROVEN} {SWITCHED_OFF}"),
    withdraw: NO_LONGER_OFFERED,
    retire: NO_LONGER_OFFERED,
    move_to_another_account: NO_LONGER_OFFERED,
    move_to_another_dashboard: CHANGED,
    move_to_another_sheet: CHANGED,
    change_a_tag: CHANGED,
    add_a_tag: CHANGED,
}


@pytest.mark.parametrize("act", CHANGES)
def test_an_attempt_that_was_never_accepted_is_held_to_what_is_true_now(act, aws, account, acme, daily_calls, now):
    job = never_accepted(aws, account, acme)

    act(daily_calls, acme, now)
    steps.run_until_ended(account, job)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code, failed.failure_text) == ("failed", *CHANGES[act])
    (attempt,) = steps.attempts_of(job)
    assert attempt.ended_at is not None
    assert aws.control.jobs() == []
    assert steps.held_slots(account) == 0


@pytest.mark.parametrize("act", CHANGES)
def test_an_attempt_that_was_accepted_goes_on_as_it_was_sent(act, aws, account, acme, daily_calls, now):
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")

    act(daily_calls, acme, now)
    steps.run_until_ended(account, job)

    assert steps.status_of(job) == "completed"
    assert len(steps.attempts_of(job)) == 1
    assert [sent["dashboard"] for sent in aws.control.jobs()] == ["daily-calls"]


@pytest.mark.parametrize("act", [withdraw, retire, move_to_another_account])
def test_what_is_no_longer_offered_is_not_started(act, aws, account, acme, daily_calls, now):
    job = steps.submit(acme)
    act(daily_calls, acme, now)

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
