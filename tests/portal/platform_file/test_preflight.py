"""Reports are checked at QuickSight before they are stored."""

from __future__ import annotations

import pytest
from botocore.httpsession import URLLib3Session
from django.db import connection
from django.utils import timezone

from reports.aws.quicksight import QuickSight
from reports.catalogue import check_and_store, facts_of
from reports.models import Report
from tenants.scope import platform_scope


@pytest.fixture
def asking(platform, aws):
    platform.ask = True
    platform.report["parameter"][0] = {"name": "Region", "type": "string", "multiple": True}
    return platform


def report():
    with platform_scope():
        return Report.objects.select_related("account").filter(slug="daily-calls").first()


def calls(aws):
    return sum(count for name, count in aws.control.stats()["calls"].items() if name.startswith("Describe"))


def test_a_report_that_fits_is_stored_as_passed_with_its_row_rules(asking):
    output = asking.apply()

    assert '~ report daily-calls: preflight "not_checked" -> "passed"' in output
    assert report().row_rules[0]["dataset"] == "calls"


def test_a_second_run_does_not_ask_again(asking, aws):
    asking.apply()
    before = calls(aws)

    assert asking.apply() == "no changes\n"
    assert calls(aws) == before > 0


@pytest.mark.parametrize("change", [{}, {"visual_ids": ["table-1"]}], ids=["unchanged", "changed"])
def test_rules_that_were_removed_are_missed_by_the_next_run_too(asking, aws, change):
    asking.report["same_for_everyone"] = True
    asking.apply()
    aws.control.rules("calls", "NONE")
    account = report().account
    check_and_store(QuickSight(facts_of(account)), report().pk, account.pk, timezone.now())

    asking.report.update(change)

    assert "Data set “Calls” (calls) had tag rules and has none any more." in asking.fault()
    assert (report().preflight, report().row_rules[0]["had_rules"]) == ("refused", True)


def test_a_changed_report_is_asked_about_again(asking, aws):
    asking.apply()
    before = calls(aws)
    asking.report["visual_ids"] = ["table-1"]

    asking.apply()

    assert calls(aws) > before


def test_a_report_that_was_skipped_is_asked_about_the_next_time(asking):
    asking.ask = False
    asking.apply()
    assert report().preflight == "not_checked"

    asking.ask = True
    assert asking.lines() == ['~ report daily-calls: preflight "not_checked" -> "passed"']


def test_a_changed_report_loses_what_was_checked_when_it_is_skipped(asking):
    asking.apply()
    asking.ask = False
    asking.report["sheet_id"] = "sheet-2"

    asking.apply()

    assert (report().preflight, report().row_rules) == ("not_checked", [])


def test_a_refused_report_stops_the_run_with_data_set_and_key(asking, aws):
    aws.control.rules("calls", "DISABLED")

    fault = asking.fault()

    assert fault == (
        'report[1] "daily-calls": QuickSight: The tag rules of data set “Calls” (calls) are switched off: its rows are not held back by '
        "“tenant_id”. What to do: In QuickSight, turn on tag-based rules for data set “Calls” (calls). Then run apply again."
    )
    assert report() is None


def test_the_tenants_tags_are_held_against_the_rules_that_were_read(asking):
    asking.tenant["session_tags"] = {"tenant_id": "acme,globex"}

    assert "session_tags: report “daily-calls”: Session tag “tenant_id” contains the delimiter" in asking.fault()


def test_an_outage_stops_the_run_and_names_the_way_out(asking, aws):
    aws.control.outage()

    fault = asking.fault()

    assert fault.startswith("account “main”: QuickSight could not be asked")
    assert "--skip-preflight" in fault
    assert report() is None


@pytest.mark.parametrize("code", ["AccessDeniedException", "ExpiredTokenException", "UnsupportedPricingPlanException"])
def test_refused_access_names_the_account_and_what_to_do(code, asking, aws):
    aws.control.fail_next("DescribeDashboard", code, times=2)

    fault = asking.fault()

    assert fault.startswith(f"account “main”: QuickSight refused access to AWS account 111122223333 in us-east-1 ({code}).")
    assert all(word in fault for word in ("credentials", "permissions", "role_arn", "--skip-preflight"))
    assert report() is None


def test_a_dry_run_during_an_outage_still_prints_the_plan(asking, aws):
    aws.control.outage()

    output = asking.apply("--dry-run")

    assert "+ report daily-calls" in output
    assert "QuickSight could not be asked" in output


def test_faults_of_the_file_are_told_without_asking(asking, aws):
    asking.tenant["mfa"] = "never"

    assert "mfa" in asking.fault()
    assert calls(aws) == 0


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_while_quicksight_is_asked(asking, monkeypatch):
    open_at_calls = []
    send = URLLib3Session.send

    def watch(session, request):
        open_at_calls.append(connection.in_atomic_block)
        return send(session, request)

    monkeypatch.setattr(URLLib3Session, "send", watch)

    asking.apply()

    assert open_at_calls
    assert not any(open_at_calls)
