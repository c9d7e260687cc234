"""Whether QuickSight still holds rows back is asked before each start, unless somebody asked since the job was submitted.

And not later than five minutes before: a job may wait for hours.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports import jobs
from reports.engine import claim, leasing
from reports.engine.crew import step
from reports.engine.leasing import Lease
from reports.models import Account, Report
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import make_account, make_grant, make_report
from tests.reports.engine import steps
from tests.reports.engine.threads import together
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db
QUESTIONS = ("DescribeDashboard", "DescribeDashboardDefinition", "DescribeDataSet")


@pytest.fixture
def daily_calls(daily_calls):
    """Checked long ago, so that whatever is believed was asked within the test, or set by `checked`."""
    checked(daily_calls, minutes_ago=60)
    return daily_calls


def checked(report, *, minutes_ago: float) -> None:
    with platform_scope():
        Report.objects.filter(pk=report.pk).update(preflight_at=timezone.now() - timedelta(minutes=minutes_ago))


def now_of(report) -> Report:
    with platform_scope():
        return Report.objects.get(pk=report.pk)


def asked(aws) -> list[int]:
    """How often each question of a preflight was put."""
    calls = aws.control.stats()["calls"]
    return [calls.get(question, 0) for question in QUESTIONS]


def test_rules_that_were_switched_off_stop_an_attempt_that_was_not_accepted(aws, account, acme, daily_calls):
    aws.control.fail_next(steps.START, "InternalFailureException")
    job = steps.submit(acme)
    steps.turn(account)

    checked(daily_calls, minutes_ago=5.1)
    aws.control.rules("calls", "DISABLED")
    steps.run_until_ended(account, job)

    assert steps.now_of(job).failure_code == "rows_not_isolated"
    assert aws.control.jobs() == []


def test_a_tag_that_a_new_rule_reads_as_all_rows_stops_the_start(aws, account, acme, daily_calls):
    aws.control.set_rules("calls", [{"key": "tenant_id", "column": "tenant_id", "match_all": "acme"}])
    job = steps.submit(acme)

    steps.turn(account)

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code) == ("failed", "rows_not_isolated")
    assert "means all rows" in failed.failure_text
    assert aws.control.jobs() == []


def test_one_question_serves_all_jobs_that_waited_for_it(aws, account, acme, daily_calls):
    before = timezone.now()

    first, second = steps.submit(acme), steps.submit(acme)
    steps.run_until_ended(account, first, second)

    assert [steps.status_of(job) for job in (first, second)] == ["completed"] * 2
    assert asked(aws) == [1, 0, 1]
    assert now_of(daily_calls).preflight_at >= before


def test_an_answer_from_before_a_job_was_asked_for_is_not_believed(aws, account, acme, daily_calls):
    first = steps.submit(acme)
    steps.turn(account)
    second = steps.submit(acme)
    steps.turn(account)

    assert [steps.status_of(job) for job in (first, second)] == ["running"] * 2
    assert asked(aws) == [2, 0, 2]


def test_a_job_that_waited_long_is_not_started_on_an_old_answer(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    steps.let_pass(job, minutes=10)
    checked(daily_calls, minutes_ago=5.1)

    steps.turn(account)

    assert asked(aws) == [1, 0, 1]


def test_a_fresh_answer_is_not_asked_for_again(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    steps.let_pass(job, minutes=10)
    checked(daily_calls, minutes_ago=4.5)

    steps.run_until_ended(account, job)

    assert steps.status_of(job) == "completed"
    assert asked(aws) == [0, 0, 0]


def test_another_attempt_asks_again_however_fresh_the_answer_is(aws, account, acme, daily_calls):
    aws.control.fail_jobs()
    job = steps.submit(acme)
    steps.let_pass(job, minutes=10)
    steps.run_until(account, job, status="running")
    steps.run_until(account, job, status="queued")

    checked(daily_calls, minutes_ago=4)
    aws.control.rules("calls", "DISABLED")
    steps.run_until_ended(account, job)

    assert steps.now_of(job).failure_code == "rows_not_isolated"
    assert len(aws.control.jobs()) == 1


def test_a_refusal_is_asked_about_again_by_the_next_run(aws, account, acme, daily_calls):
    aws.control.rules("calls", "DISABLED")
    refused = steps.submit(acme)
    steps.turn(account)

    aws.control.rules("calls", "ENABLED")
    later = steps.submit(acme)
    steps.let_probe(daily_calls)
    steps.run_until_ended(account, later)

    assert [steps.status_of(job) for job in (refused, later)] == ["failed", "completed"]


@pytest.mark.parametrize("seconds", [-60, 60], ids=["behind", "ahead"])
def test_the_clock_of_the_web_host_makes_no_difference(seconds, aws, account, acme, daily_calls):
    steps.submit(acme)
    steps.turn(account)
    aws.control.rules("calls", "DISABLED")

    with tenant_scope(acme):
        skewed = timezone.now() + timedelta(seconds=seconds)
        job = jobs.submit(acme, steps.ADAM, jobs.Wanted("daily-calls", formats=["PDF"]), now=skewed)
    steps.turn(account)

    assert steps.now_of(job).failure_code == "rows_not_isolated"


def test_a_report_that_was_changed_while_it_was_checked_is_checked_anew(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    asking = steps.quicksight(account)
    asking.gate = lambda: change_once(daily_calls, asking)
    with engine_scope():
        claim.claim(account.pk)

    step(Lease(job.pk, acme.pk, "starting"), asking, timezone.now)
    held, sent = steps.now_of(job), aws.control.stats()["start_calls"]
    steps.run_until_ended(account, job)

    assert (held.status, held.waiting, sent) == ("starting", "", 0)
    assert steps.status_of(job) == "completed"


def test_a_job_whose_report_lives_in_another_account_now_asks_nothing(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    elsewhere = make_account(name="elsewhere")
    with platform_scope():
        Report.objects.filter(pk=daily_calls.pk).update(account=elsewhere, preflight="not_checked", preflight_at=None)

    steps.turn(account)

    assert steps.now_of(job).failure_code == "report_not_available"
    assert (asked(aws), now_of(daily_calls).preflight) == ([0, 0, 0], "not_checked")


def test_what_a_pump_of_before_the_accounts_move_hears_starts_nothing(aws, account, acme, daily_calls):
    """Another role may see another QuickSight: the pump that knows the old one goes on for up to a minute."""
    job = steps.submit(acme)
    before = steps.quicksight(account)
    with platform_scope():
        Account.objects.filter(pk=account.pk).update(role_arn="arn:aws:iam::111122223333:role/other")
        Report.objects.filter(pk=daily_calls.pk).update(preflight="not_checked", preflight_at=None)
    with engine_scope():
        claim.claim(account.pk)

    step(Lease(job.pk, acme.pk, "starting"), before, timezone.now)

    assert (steps.status_of(job), aws.control.stats()["start_calls"]) == ("starting", 0)
    assert now_of(daily_calls).preflight == "not_checked"


def change_once(report, asking) -> None:
    asking.gate = lambda: None
    with platform_scope():
        Report.objects.filter(pk=report.pk).update(visual_ids=["table-1"], preflight="not_checked", preflight_at=None)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_without_an_answer_keeps_the_job_and_sends_nothing(question, aws, account, acme, daily_calls):
    aws.control.republish("daily-calls")
    aws.control.fail_next(question, "InternalFailureException")
    job = steps.submit(acme)

    steps.turn(account)
    waiting, sent = steps.now_of(job), aws.control.stats()["start_calls"]
    steps.run_until_ended(account, job)

    assert (waiting.status, waiting.waiting, waiting.attempt_count, sent) == ("starting", "no_answer", 0, 0)
    assert steps.status_of(job) == "completed"


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_many_jobs_of_one_report_ask_once(self, aws, account, acme, globex, daily_calls):
        waiting = [steps.submit(tenant) for tenant in (acme, globex) for _ in range(4)]

        with steps.pumping(account) as one_turn:
            one_turn()
            # Who came while another asked.
            steps.make_due(*[job for job in waiting if steps.status_of(job) == "starting"])
            one_turn()

        assert [steps.status_of(job) for job in waiting] == ["running"] * 8
        assert asked(aws) == [1, 0, 1]

    def test_a_job_whose_report_is_just_asked_about_goes_back_and_nobody_waits(self, aws, account, acme, daily_calls):
        aws.control.hang("DescribeDashboard", 1)
        first, second = steps.submit(acme), steps.submit(acme)
        with engine_scope():
            claim.claim(account.pk)
            leases = {lease.job_id: lease for lease in leasing.take_due(account.pk, 5)}
        given_back = []

        def start_the_second_meanwhile() -> None:
            wait_for(lambda: asked(aws)[0], 10, "the first one asks")
            steps.work_on(account, leases[second.pk])
            given_back.append(steps.now_of(second))

        faults = together(lambda: steps.work_on(account, leases[first.pk]), start_the_second_meanwhile)
        steps.make_due(second)
        steps.turn(account)

        (back,) = given_back
        assert faults == []
        assert (back.status, back.lease_until, back.no_verdicts, back.crashes, back.waiting) == ("starting", None, 0, 0, "")
        assert timezone.now() - timedelta(seconds=60) < back.next_look_at
        assert [steps.status_of(job) for job in (first, second)] == ["running"] * 2
        assert asked(aws) == [1, 0, 1]

    def test_a_report_whose_questions_hang_does_not_keep_the_others(self, aws, account, acme, daily_calls):
        hanging = make_report(slug="agent-scorecard", account=account, visual_ids=["table-1"], parameters=[])
        make_grant(tenant=acme, report=hanging)
        aws.control.hang("DescribeDashboard", 2, dashboard="agent-scorecard")
        slow, quick = steps.submit(acme, "agent-scorecard"), steps.submit(acme)
        with engine_scope():
            claim.claim(account.pk)

        def start(job) -> None:
            step(Lease(job.pk, acme.pk, "starting"), steps.quicksight(account), timezone.now)

        def start_the_quick_one_meanwhile() -> None:
            wait_for(lambda: asked(aws)[0], 10, "the slow one asks")
            start(quick)

        faults = together(lambda: start(slow), start_the_quick_one_meanwhile)

        assert faults == []
        (asked_late,), (accepted,) = steps.events_of(slow, "submitted"), steps.events_of(quick, "accepted")
        assert accepted.at < asked_late.at
