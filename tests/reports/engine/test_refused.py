"""An account that refuses us says nothing about a job: nothing is lost, little is asked, people are told, and it goes on by itself."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now

from portal.job_rows import for_pages
from reports.aws import clients
from reports.engine import cadence
from reports.models import Account, SnapshotJob
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import make_grant, make_report
from tests.reports.engine import steps
from tests.reports.engine.test_given_up import rests

CREDENTIALS = [
    "ExpiredTokenException",
    "UnrecognizedClientException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
]
ACCOUNT_WIDE = ["UnsupportedUserEditionException", "UnsupportedPricingPlanException"]
ALWAYS = 10_000


def refuse(aws, code: str = "UnrecognizedClientException", times: int = ALWAYS) -> None:
    aws.control.fail_next("*", code, times=times)


def now_of(account) -> Account:
    with engine_scope():
        return Account.objects.get(pk=account.pk)


def probe_now(account, *waiting) -> None:
    """As if the time of the next probe had come."""
    steps.let_pass(*waiting, minutes=1)
    with engine_scope():
        Account.objects.filter(pk=account.pk).update(probe_at=F("probe_at") - timedelta(hours=1))


def words(*jobs) -> set[str]:
    """What the jobs' pages say they wait for."""
    with tenant_scope(jobs[0].tenant_id):
        return {str(for_pages(SnapshotJob.objects.filter(pk=job.pk)).get().waits_for.label) for job in jobs}


def asked(aws) -> int:
    return sum(aws.control.stats()["calls"].values())


@pytest.mark.django_db
@pytest.mark.parametrize("code", [*CREDENTIALS, "InvalidAccessKeyId"])
def test_refused_credentials_are_read_afresh_and_the_call_repeated_once(code, aws, account, acme, daily_calls):
    job = steps.submit(acme)
    first = clients.quicksight_client(steps.quicksight(account).account)
    refuse(aws, code, times=1)

    (report,) = steps.turn(account)

    assert (report.answered, report.refused) == (True, "")
    assert steps.status_of(job) == "running"
    assert clients.quicksight_client(steps.quicksight(account).account) is not first
    assert aws.control.stats()["start_calls"] == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("operation", "status"), [(steps.START, "starting"), (steps.DESCRIBE, "running"), (steps.RESULT, "collecting")])
@pytest.mark.parametrize(("code", "calls"), [("ExpiredTokenException", 2), ("UnsupportedPricingPlanException", 1)])
def test_a_refusal_keeps_the_job_where_it_is(code, calls, operation, status, aws, account, acme, daily_calls):
    job = steps.submit(acme)
    steps.run_until(account, job, status=status) if status != "starting" else None
    aws.control.fail_next(operation, code, times=calls)
    before = aws.control.stats()["calls"].get(operation, 0)

    report = None
    while report is None or not report.refused:
        steps.let_pass(job, seconds=5)
        report = next(iter(steps.turn(account)), None)

    waiting = steps.now_of(job)
    assert report.refused == code
    assert aws.control.stats()["calls"][operation] >= before + calls
    assert (waiting.status, waiting.waiting, waiting.attempt_count) == (status, "no_access", 1)
    assert len(steps.events_of(job, "no_access")) == 1
    steps.run_until_ended(account, job)
    assert steps.status_of(job) == "completed"
    assert len(steps.attempts_of(job)) == 1


@pytest.mark.django_db(transaction=True)
class TestAPausedAccount:
    @pytest.mark.parametrize("code", CREDENTIALS[:2] + ACCOUNT_WIDE)
    def test_starts_nothing_says_why_and_tells_people_once(self, code, aws, account, acme, daily_calls, caplog):
        early = [steps.submit(acme) for _ in range(2)]
        refuse(aws, code)

        with steps.pumping(account) as one_turn:
            one_turn()
            late = steps.submit(acme)
            for _ in range(3):
                one_turn()

        assert now_of(account).refused_code == code
        assert [steps.status_of(job) for job in (*early, late)] == ["starting", "starting", "queued"]
        assert words(*early, late) == {"QuickSight refuses the portal access at the moment"}
        alerts = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert [code in alert.getMessage() and "account_refused" in alert.getMessage() for alert in alerts] == [True]

    def test_is_asked_by_one_probe_at_a_time_and_ever_more_slowly(self, aws, account, acme, daily_calls):
        waiting = [steps.submit(acme) for _ in range(5)]
        refuse(aws)

        with steps.pumping(account) as one_turn:
            one_turn()
            refused_at_first = asked(aws)
            for _ in range(3):
                steps.let_pass(*waiting, minutes=2)
                one_turn()
            in_between = asked(aws)
        probe_now(account, *waiting)
        with steps.pumping(account) as one_turn:
            one_turn()
            one_turn()
            after_a_probe = asked(aws)

        assert in_between == refused_at_first
        # Once more with credentials read afresh.
        assert after_a_probe == in_between + 2
        assert now_of(account).probe_at > now_of(account).refused_since + timedelta(seconds=25)

    def test_is_not_let_in_by_an_answer_to_a_call_from_before(self, aws, account, acme, daily_calls, caplog):
        make_grant(tenant=acme, report=make_report(slug="agent-scorecard", account=account, visual_ids=["table-1"], parameters=[]))
        aws.control.hang(steps.START, 1.5, dashboard="agent-scorecard")
        aws.control.fail_next(steps.START, ACCOUNT_WIDE[0], times=ALWAYS, dashboard="daily-calls")
        slow, refused = steps.submit(acme, "agent-scorecard"), steps.submit(acme)

        with steps.pumping(account) as one_turn:
            one_turn()

        assert (steps.status_of(slow), steps.status_of(refused)) == ("running", "starting")
        assert now_of(account).refused_code == ACCOUNT_WIDE[0]
        assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1

    def test_goes_on_by_itself_once_a_probe_is_let_in(self, aws, account, acme, daily_calls):
        waiting = [steps.submit(acme) for _ in range(4)]
        refuse(aws)
        with steps.pumping(account) as one_turn:
            one_turn()
            late = steps.submit(acme)
        aws.control.clear_faults()
        probe_now(account, *waiting)

        with steps.pumping(account) as one_turn:
            one_turn()
            steps.let_pass(*waiting, minutes=1)
            one_turn()
        steps.run_until_ended(account, *waiting, late)

        account_now = now_of(account)
        assert (account_now.refused_since, account_now.refused_code, account_now.probe_at) == (None, "", None)
        assert [steps.status_of(job) for job in (*waiting, late)] == ["completed"] * 5
        assert sorted(aws.control.stats()["accepted"].values()) == [1] * 5

    def test_probes_with_a_job_of_the_queue_when_none_is_under_way(self, aws, account, acme, daily_calls):
        with engine_scope():
            Account.objects.filter(pk=account.pk).update(refused_since=Now(), refused_code="ExpiredTokenException")
        jobs = [steps.submit(acme) for _ in range(3)]

        with steps.pumping(account) as one_turn:
            one_turn()
            states = sorted(steps.status_of(job) for job in jobs)

        assert states == ["queued", "queued", "running"]
        assert now_of(account).refused_code == ""

    def test_fails_jobs_with_the_reason_at_their_deadline_and_rests_their_slots(self, aws, account, acme, daily_calls):
        running = steps.submit(acme)
        steps.run_until(account, running, status="running")
        started = steps.submit(acme)
        steps.mark_checked(daily_calls)
        refuse(aws)
        with steps.pumping(account) as one_turn:
            one_turn()
            queued = steps.submit(acme)
            steps.let_pass(running, started, queued, hours=7)
            one_turn()

        for job in (running, started, queued):
            failed = steps.now_of(job)
            assert (failed.failure_code, failed.failure_text) == (
                "account_paused",
                "QuickSight refused the portal access until the job's deadline.",
            )
        assert steps.held_slots(account) == 0
        assert len(rests(account)) == 2

    def test_is_none_when_one_dashboard_alone_is_forbidden(self, aws, account, acme, daily_calls):
        aws.control.fail_next(steps.START, "AccessDeniedException")
        forbidden, other = steps.submit(acme), steps.submit(acme)

        with steps.pumping(account) as one_turn:
            one_turn()
        steps.run_until_ended(account, forbidden, other)

        assert sorted([steps.status_of(forbidden), steps.status_of(other)]) == ["completed", "failed"]
        assert now_of(account).refused_since is None


def test_probes_come_ever_more_slowly_and_never_a_thousand_until_a_deadline():
    gone_by, probes = timedelta(0), 0
    while gone_by < timedelta(hours=6):
        gone_by += cadence.next_probe(gone_by, refused=True)
        probes += 1

    assert cadence.next_probe(timedelta(0), refused=True) == timedelta(seconds=30)
    assert cadence.next_probe(timedelta(hours=2), refused=True) == timedelta(minutes=5)
    assert cadence.next_probe(timedelta(hours=2), refused=False) == timedelta(seconds=30)
    assert probes < 100


@pytest.mark.django_db(transaction=True)
class TestWithoutCredentials:
    def test_none_at_all_pause_the_account(self, aws, account, acme, daily_calls, monkeypatch, new_clients):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        job = steps.submit(acme)

        with steps.pumping(account) as one_turn:
            one_turn()

        assert now_of(account).refused_code == "NoCredentialsError"
        assert steps.now_of(job).waiting == "no_access"

    def test_a_profile_that_does_not_exist_pauses_the_account(self, aws, account, acme, daily_calls, monkeypatch, new_clients):
        monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
        job = steps.submit(acme)

        with steps.pumping(account) as one_turn:
            one_turn()

        assert now_of(account).refused_code == "ProfileNotFound"
        assert steps.now_of(job).waiting == "no_access"

    def test_a_role_that_sts_does_not_hand_out_pauses_the_account(self, aws, account, acme, daily_calls, monkeypatch, new_clients):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS0")
        with platform_scope():
            Account.objects.filter(pk=account.pk).update(role_arn="arn:aws:iam::111122223333:role/fanfold")
        job = steps.submit(acme)

        with steps.pumping(account) as one_turn:
            one_turn()
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", aws.environment["AWS_ACCESS_KEY_ID"])
        refused = now_of(account)
        probe_now(account, job)
        with steps.pumping(account) as one_turn:
            one_turn()

        assert refused.refused_since
        assert refused.refused_code
        assert steps.status_of(job) == "running"
        assert now_of(account).refused_since is None
