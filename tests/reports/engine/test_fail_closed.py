"""A job whose tags cannot prove that it shows only the tenant's rows is never sent."""

from __future__ import annotations

import pytest

from tests.factories import give_tags, make_grant, make_report
from tests.reports.engine import steps
from tests.reports.engine.readings import both_readings

pytestmark = [pytest.mark.django_db, both_readings]


def assert_nothing_was_sent(aws, account, job, named: str) -> None:
    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "rows_not_isolated")
    assert named in failed.failure_text
    assert (aws.control.stats()["start_calls"], aws.control.jobs()) == (0, [])
    assert steps.attempts_of(job) == []
    assert steps.held_slots(account) == 0


@pytest.mark.parametrize(
    "tags",
    [{}, {"region": "West"}, {"tenant_id": ""}, {"tenant_id": " \t"}, {"tenant_id": "acme,globex"}, {"tenant_id": "*"}],
    ids=["no tags", "missing", "empty", "blank", "delimiter", "match-all"],
)
def test_unsafe_tags_fail_the_job_and_name_the_key(tags, aws, account, acme, daily_calls):
    give_tags(acme, tags)
    job = steps.submit(acme)

    steps.turn(account)

    assert_nothing_was_sent(aws, account, job, "tenant_id")


def test_rules_that_hold_nothing_back_fail_the_job(aws, account, acme, daily_calls):
    aws.control.set_rules("calls", [{"key": "region", "column": "region"}])
    job = steps.submit(acme)

    steps.turn(account)

    assert_nothing_was_sent(aws, account, job, "Data set “Calls” (calls) has no tag rule for “tenant_id”.")


def test_a_report_that_no_longer_fits_its_dashboard_fails_with_its_place(aws, account, acme, daily_calls):
    aws.control.republish("daily-calls", without="table-1")
    job = steps.submit(acme)

    steps.turn(account)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "report_unfit")
    assert failed.failure_text.endswith("Sheet “sheet-1” has no visual “table-1”.")
    assert aws.control.jobs() == []


def test_a_report_whose_dashboard_is_gone_fails_as_missing(aws, account, acme):
    make_grant(tenant=acme, report=make_report(slug="weekly-calls", account=account))
    job = steps.submit(acme, "weekly-calls")

    steps.turn(account)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "report_missing")
    assert "“weekly-calls”" in failed.failure_text


def test_tags_that_turned_unsafe_stop_the_next_attempt(aws, account, acme, daily_calls):
    aws.control.fail_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="collecting")
    steps.turn(account)

    give_tags(acme, {"tenant_id": "*"})
    steps.run_until_ended(account, job)

    assert steps.now_of(job).failure_code == "rows_not_isolated"
    assert aws.control.stats()["start_calls"] == 1
    assert steps.held_slots(account) == 0


def test_one_tenants_unsafe_tags_do_not_stop_another(aws, account, acme, globex, daily_calls):
    give_tags(acme, {"tenant_id": "*"})
    unsafe, safe = steps.submit(acme), steps.submit(globex)

    steps.run_until_ended(account, unsafe, safe)

    assert [steps.status_of(job) for job in (unsafe, safe)] == ["failed", "completed"]
