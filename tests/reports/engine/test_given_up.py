"""What we gave up on may go on rendering at QuickSight: its slot rests. And jobs end even where nobody can ask QuickSight."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports.aws import clients
from reports.engine import cadence, claim, leasing, pump
from reports.models import Slot, SnapshotJob
from tenants.scope import engine_scope, tenant_scope
from tests.factories import make_attempt, make_grant, make_job, make_report
from tests.reports.engine import steps


def rests(account) -> list[timedelta]:
    """For how long each resting slot rests from now on."""
    with engine_scope():
        ends = Slot.objects.filter(account=account).exclude(rests_until=None).values_list("rests_until", flat=True)
        return [end - timezone.now() for end in ends]


@pytest.mark.django_db
class TestTheSlotOfAJobGivenUpOn:
    @pytest.fixture(autouse=True)
    def one_slot(self, account):
        with engine_scope():
            Slot.objects.filter(account=account, number__gt=1).update(enabled=False)

    def give_up(self, account, job) -> None:
        steps.let_pass(job, hours=7)
        steps.turn(account)
        assert steps.now_of(job).status == "failed"

    def test_rests_and_is_given_to_nobody_meanwhile(self, aws, account, acme, daily_calls):
        aws.control.stuck_jobs()
        lost = steps.submit(acme)
        steps.run_until(account, lost, status="running")
        self.give_up(account, lost)
        waiting = steps.submit(acme)

        (rest,) = rests(account)
        steps.turn(account)
        meanwhile, held = steps.status_of(waiting), steps.held_slots(account)
        with engine_scope():
            Slot.objects.filter(account=account).exclude(rests_until=None).update(rests_until=timezone.now())
        steps.run_until_ended(account, waiting)

        assert cadence.SLOT_RESTS - timedelta(minutes=5) < rest <= cadence.SLOT_RESTS
        assert (meanwhile, held) == ("queued", 0)
        assert steps.status_of(waiting) == "completed"

    def test_rests_when_nobody_knows_whether_the_start_was_accepted(self, aws, account, acme, daily_calls):
        aws.control.accept_then_drop()
        lost = steps.submit(acme)
        steps.turn(account)
        aws.control.outage()

        self.give_up(account, lost)

        assert len(rests(account)) == 1

    def test_does_not_rest_when_quicksight_ended_the_job_itself(self, aws, account, acme, daily_calls):
        aws.control.fail_jobs(times=3)
        failed, done = steps.submit(acme), steps.submit(acme)

        steps.run_until_ended(account, failed, done)

        assert {steps.status_of(job) for job in (failed, done)} <= {"failed", "completed"}
        assert rests(account) == []

    def test_does_not_rest_when_only_a_question_before_the_start_had_no_answer(self, aws, account, acme, daily_calls):
        aws.control.fail_next("DescribeDashboard", "ThrottlingException")
        refused = steps.submit(acme)
        steps.turn(account)
        aws.control.rules("calls", "DISABLED")
        steps.make_due(refused)

        steps.turn(account)

        assert (steps.now_of(refused).failure_code, steps.attempts_of(refused)) == ("rows_not_isolated", [])
        assert rests(account) == []

    def test_does_not_rest_when_nothing_was_sent(self, aws, account, acme, daily_calls):
        late = steps.submit(acme)

        self.give_up(account, late)

        assert rests(account) == []


@pytest.mark.django_db
def test_a_job_whose_start_was_never_tried_is_not_started_after_its_deadline(aws, account, acme, daily_calls):
    aws.control.fail_next("DescribeDashboard", "ThrottlingException")
    late = steps.submit(acme)
    steps.turn(account)
    steps.let_pass(late, hours=7)

    steps.turn(account)

    assert (steps.now_of(late).status, steps.now_of(late).failure_code) == ("failed", "deadline_passed")
    assert aws.control.stats()["start_calls"] == 0


@pytest.mark.django_db(transaction=True)
class TestWhereQuickSightCannotBeAsked:
    @pytest.fixture
    def no_credentials(self, monkeypatch):
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        yield
        assert clients._clients == {}, "nobody asked for a client"

    def started(self, acme, daily_calls, account, *, status: str, late: timedelta) -> SnapshotJob:
        """Under way in a slot, and past its deadline by `late`."""
        asked_at = timezone.now() - timedelta(hours=6) - late
        job = make_job(tenant=acme, report=daily_calls, now=asked_at)
        with engine_scope():
            claim.claim(account.pk, most=1)
        make_attempt(job=job, now=asked_at, accepted_at=asked_at)
        with tenant_scope(acme):
            SnapshotJob.objects.filter(pk=job.pk).update(status=status)
        if status == "collecting":
            with engine_scope():
                Slot.objects.filter(job=job).update(job=None)
        return job

    def test_a_job_that_waited_past_its_deadline_ends(self, account, acme, daily_calls, no_credentials):
        late = make_job(tenant=acme, report=daily_calls, now=timezone.now() - timedelta(hours=6, seconds=1))
        in_time = make_job(tenant=acme, report=daily_calls, now=timezone.now() - timedelta(hours=5))

        pump.end_stuck(account.pk)

        ended = steps.now_of(late)
        assert (ended.status, ended.failure_code) == ("failed", "deadline_passed")
        assert steps.status_of(in_time) == "queued"
        assert [event.type for event in steps.events_of(late)] == ["failed"]

    @pytest.mark.parametrize("status", ["starting", "running", "collecting"])
    def test_a_job_under_way_ends_and_frees_its_slot(self, status, account, acme, daily_calls, no_credentials):
        job = self.started(acme, daily_calls, account, status=status, late=timedelta(seconds=leasing.STUCK_GRACE_SECONDS + 1))

        pump.end_stuck(account.pk)

        ended = steps.now_of(job)
        assert (ended.status, ended.failure_code) == ("failed", "deadline_passed")
        (attempt,) = steps.attempts_of(job)
        assert attempt.ended_at is not None
        assert steps.held_slots(account) == 0
        assert len(rests(account)) == (0 if status == "collecting" else 1)

    @pytest.mark.parametrize("status", ["starting", "running", "collecting"])
    def test_a_job_under_way_is_left_to_those_who_ask_for_a_while(self, status, account, acme, daily_calls, no_credentials):
        job = self.started(acme, daily_calls, account, status=status, late=timedelta(seconds=leasing.STUCK_GRACE_SECONDS - 30))

        pump.end_stuck(account.pk)

        assert steps.status_of(job) == status

    def test_the_watch_of_each_minute_sees_to_it(self, account, acme, daily_calls, no_credentials):
        late = make_job(tenant=acme, report=daily_calls, now=timezone.now() - timedelta(hours=7))

        pump.watch()

        assert steps.status_of(late) == "failed"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["InternalFailureException", "ServiceUnavailable", "lost connection"])
def test_a_report_that_never_gets_an_answer_stops_no_other(fault, aws, account, acme, daily_calls, monkeypatch):
    monkeypatch.setattr(cadence, "PROBE", timedelta(0))
    make_grant(tenant=acme, report=make_report(slug="agent-scorecard", account=account, visual_ids=["table-1"], parameters=[]))
    if fault == "lost connection":
        aws.control.drop("*", dashboard="agent-scorecard", times=1000)
    else:
        aws.control.fail_next("*", fault, dashboard="agent-scorecard", times=1000)
    poison = [steps.submit(acme, "agent-scorecard", lane=0) for _ in range(3)]
    others = [steps.submit(acme) for _ in range(3)]

    with steps.pumping(account) as one_turn:
        for turn in range(16):
            if turn == 6:
                others.append(steps.submit(acme))
            one_turn()
            # Long enough for every back-off and every look.
            steps.let_pass(*poison, *others, minutes=2)
            aws.control.advance_clock(120, settle=False)

    assert [steps.status_of(job) for job in others] == ["completed"] * 4
    assert {(steps.now_of(job).status, steps.now_of(job).waiting) for job in poison} == {("starting", "no_answer")}
