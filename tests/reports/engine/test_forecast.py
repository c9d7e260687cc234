"""What a waiting job is told: how many start before it, and about when it starts itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from reports import jobs
from reports.engine import admit, claim, forecast
from reports.models import Account, Slot, SnapshotJob
from tenants import roles
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import make_account, make_job, make_report, make_tenant
from tests.reports.engine.steps import ADAM, now_of, pumping

pytestmark = pytest.mark.django_db
NOW, SCHEDULED = SnapshotJob.Lane.NOW, SnapshotJob.Lane.SCHEDULED


@pytest.fixture
def line(acme):
    """An account with two slots, and `line.wait()`, which puts a job at the end of its queue."""
    return Line(acme)


class Line:
    def __init__(self, tenant) -> None:
        self.tenant, self.account = tenant, make_account(slots=2)
        self.report = make_report(account=self.account)
        self.began, self.count = timezone.now() - timedelta(minutes=5), 0

    def wait(self, tenant=None, **fields) -> SnapshotJob:
        self.count += 1
        now = self.began + timedelta(seconds=self.count)
        job = make_job(tenant=tenant or self.tenant, report=self.report, **({"now": now} | fields))
        with engine_scope():
            admit.admit(self.account.pk)
        return job

    def ended(self, *seconds: float) -> None:
        for took in seconds:
            end = timezone.now()
            make_job(
                tenant=self.tenant,
                report=self.report,
                status="completed",
                started_at=end - timedelta(seconds=took),
                finished_at=end,
                now=end,
            )

    def write(self) -> int:
        with engine_scope():
            return forecast.write(self.account.pk)

    def start(self, **of_account) -> int:
        with engine_scope():
            return claim.claim(self.account.pk)


def aheads(*waiting):
    return [now_of(job).ahead for job in waiting]


def seconds_until_start(job):
    return round((now_of(job).expected_start_at - timezone.now()).total_seconds())


def test_each_job_is_told_how_many_start_before_it_whoever_they_belong_to(line, globex):
    mine = [line.wait() for _ in range(3)]
    theirs = line.wait(tenant=globex)

    line.write()

    # The first of both stand at the same place of the line.
    assert sorted(aheads(mine[0], theirs)) == [0, 1]
    assert aheads(*mine[1:]) == [2, 3]


def test_a_tenant_of_twice_the_weight_moves_up_twice_as_fast(line):
    heavy = make_tenant(weight=2)
    light, twice = [line.wait() for _ in range(3)], [line.wait(tenant=heavy) for _ in range(6)]

    line.write()

    assert aheads(light[2], twice[4]) in ([6, 7], [7, 6])
    assert aheads(*twice[5:]) == [8]


def test_who_may_run_one_job_at_once_is_told_to_wait_for_it(line):
    line.ended(40)
    slow = make_tenant(max_running=1)
    waiting = [line.wait(tenant=slow) for _ in range(3)]

    line.write()

    assert aheads(*waiting) == [0, 1, 2]
    assert [seconds_until_start(job) for job in waiting] == pytest.approx([0, 40, 80], abs=2)


def test_a_run_by_hand_goes_before_what_is_scheduled(line):
    scheduled, by_hand = line.wait(lane=SCHEDULED), line.wait(lane=NOW)

    line.write()

    assert aheads(scheduled, by_hand) == [1, 0]


def test_as_many_as_there_are_free_slots_are_expected_at_once_and_each_next_one_a_share_of_the_usual_later(line):
    line.ended(30, 50)
    waiting = [line.wait() for _ in range(5)]

    line.write()

    assert [seconds_until_start(job) for job in waiting] == pytest.approx([0, 0, 40, 60, 80], abs=2)


def test_before_anything_has_ended_a_job_is_taken_to_hold_its_slot_for_25_seconds(line):
    waiting = [line.wait() for _ in range(3)]

    line.write()

    assert seconds_until_start(waiting[2]) == pytest.approx(25, abs=2)


def test_a_job_that_runs_already_frees_its_slot_sooner(line):
    line.ended(60)
    holders = [line.wait(), line.wait()]
    line.start()
    with tenant_scope(line.tenant):
        SnapshotJob.objects.filter(pk=holders[0].pk).update(status="running", started_at=timezone.now() - timedelta(seconds=45))
    waiting = line.wait()

    line.write()

    assert seconds_until_start(waiting) == pytest.approx(15, abs=2)


def test_slots_that_are_switched_off_or_rest_are_not_counted(line):
    line.ended(40)
    with platform_scope():
        Slot.objects.filter(account=line.account, number=1).update(enabled=False)
        Slot.objects.filter(account=line.account, number=2).update(rests_until=timezone.now() + timedelta(minutes=30))
    waiting = line.wait()

    line.write()

    assert now_of(waiting).ahead == 0
    assert now_of(waiting).expected_start_at is None


def test_while_quicksight_is_silent_nothing_is_told(line):
    waiting = line.wait()
    line.write()
    with platform_scope():
        Account.objects.filter(pk=line.account.pk).update(unanswered_since=timezone.now())

    line.write()

    assert now_of(waiting).ahead is None
    assert now_of(waiting).expected_start_at is None


def test_a_job_that_waits_for_its_next_attempt_stands_in_no_line(line):
    retrying = line.wait(waiting="retry", not_before=timezone.now() + timedelta(minutes=1))
    waiting = line.wait()

    line.write()

    assert aheads(retrying, waiting) == [None, 0]


def test_who_gets_a_slot_leaves_the_line_and_the_others_move_up(line):
    waiting = [line.wait() for _ in range(4)]
    line.write()

    line.start()
    line.write()

    assert aheads(*waiting) == [None, None, 0, 1]
    assert now_of(waiting[0]).expected_start_at is None


def test_who_is_cancelled_leaves_the_line(line):
    first, second = line.wait(), line.wait()
    line.write()

    with tenant_scope(line.tenant):
        jobs.cancel(now_of(first), ADAM, now=timezone.now())
    line.write()

    assert aheads(first, second) == [None, 0]
    assert now_of(first).expected_start_at is None


def test_what_stayed_as_it_was_is_not_written_again(line):
    for _ in range(5):
        line.wait()

    assert [line.write(), line.write()] == [5, 0]


def test_far_back_a_place_is_told_to_within_a_twentieth(line):
    waiting = [line.wait() for _ in range(100)]
    line.write()

    line.start()
    written = line.write()

    told = aheads(*waiting[2:])
    assert told[:40] == list(range(40))
    assert all(0 <= ahead - place <= place / 20 for place, ahead in enumerate(told))
    assert written == 60


def test_only_the_first_of_a_very_long_line_are_told(line, monkeypatch):
    monkeypatch.setattr(forecast, "TOLD", 3)
    waiting = [line.wait() for _ in range(5)]
    line.write()
    hurried = line.wait(lane=NOW)

    line.write()

    assert aheads(hurried, *waiting) == [0, 1, 2, None, None, None]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_written_the_next_time(line, login):
    held, other = line.wait(), line.wait()
    somebody = login(roles.WORKER)
    somebody.autocommit = False
    somebody.execute(f"set local role {roles.ENGINE}")
    somebody.execute("select id from reports_snapshotjob where id = %s for update", [held.pk])

    line.write()
    meanwhile = aheads(held, other)
    somebody.rollback()
    line.write()

    assert [meanwhile, aheads(held, other)] == [[None, 1], [0, 1]]


def test_the_pump_writes_it(line):
    waiting = [line.wait(not_before=None) for _ in range(2)]
    with engine_scope():
        Slot.objects.filter(account=line.account).update(enabled=False)

    with pumping(line.account) as turn:
        turn()

    assert aheads(*waiting) == [0, 1]
