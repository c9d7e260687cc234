"""The fair queue: who gets slots while there are too few of them."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from reports import jobs
from reports.engine import admit, claim, moves, recount
from reports.models import LaneClock, Pause, Slot, SnapshotJob, TenantQueue
from tenants.scope import engine_scope, platform_scope, tenant_scope
from tests.factories import make_account, make_job, make_report, make_tenant
from tests.reports.engine import steps
from tests.reports.engine.threads import together

NOW, SCHEDULED = SnapshotJob.Lane.NOW, SnapshotJob.Lane.SCHEDULED
pytestmark = pytest.mark.django_db


class Queue:
    """An account, whose jobs wait, start and end as a test says."""

    def __init__(self, slots: int) -> None:
        self.account = make_account(slots=slots)
        self.report = make_report(account=self.account)

    def wait(self, tenant, number: int = 1, **fields) -> list[SnapshotJob]:
        return [make_job(tenant=tenant, report=self.report, **fields) for _ in range(number)]

    def claim(self, most: int | None = None) -> int:
        with engine_scope():
            return claim.claim(self.account.pk, most)

    def running(self, *fields: str) -> list[tuple]:
        with engine_scope():
            return list(SnapshotJob.objects.filter(account=self.account, status="starting").values_list("id", "tenant_id", *fields))

    def shares(self) -> Counter:
        """Running jobs by tenant."""
        return Counter(tenant_id for _id, tenant_id in self.running())

    def end(self, job_id, tenant_id) -> None:
        moves.move(tenant_id, job_id, "starting", lambda job: moves.fail(job, "deadline_passed", timezone.now()))

    def end_all(self) -> None:
        for job_id, tenant_id in self.running():
            self.end(job_id, tenant_id)

    def serve(self, number: int) -> Counter:
        """So many starts, by tenant, one after the other."""
        served: Counter = Counter()
        while served.total() < number:
            self.claim()
            served += self.shares()
            self.end_all()
        return served

    def wrong(self) -> list[tuple]:
        with engine_scope():
            return recount.wrong()


class TestShares:
    def test_tenants_of_one_weight_get_as_many_slots_however_many_jobs_wait(self, acme, globex):
        queue = Queue(slots=4)
        queue.wait(acme, 30)
        queue.wait(globex, 10)

        served = queue.serve(20)

        assert served == {acme.pk: 10, globex.pk: 10}

    def test_twice_the_weight_is_twice_the_slots(self, acme):
        queue, heavy = Queue(slots=3), make_tenant(weight=2)
        queue.wait(acme, 20)
        queue.wait(heavy, 20)

        served = queue.serve(18)

        assert served == {heavy.pk: 12, acme.pk: 6}

    def test_a_weight_that_staff_change_counts_for_the_next_claim(self, acme, globex):
        queue = Queue(slots=3)
        queue.wait(acme, 20)
        queue.wait(globex, 20)
        queue.serve(6)
        with platform_scope():
            type(acme).objects.filter(pk=acme.pk).update(weight=2)

        assert queue.serve(18)[acme.pk] in (11, 12, 13)

    def test_within_a_tenant_the_oldest_goes_first(self, acme, now):
        queue = Queue(slots=1)
        made = [*queue.wait(acme, now=now), *queue.wait(acme, now=now - timedelta(minutes=5)), *queue.wait(acme, now=now)]

        queue.claim()

        assert [job_id for job_id, _tenant in queue.running()] == [made[1].pk]

    def test_who_comes_back_has_no_credit_from_its_absence(self, acme, globex):
        queue = Queue(slots=2)
        queue.wait(acme, 40)
        queue.wait(globex, 1)
        queue.serve(20)
        queue.wait(globex, 20)

        served = queue.serve(10)

        # Of the start that both are next for, the smaller id gets it.
        assert served[globex.pk] in (5, 6)

    def test_one_job_of_a_newcomer_starts_with_the_next_free_slot(self, acme, globex):
        queue = Queue(slots=2)
        queue.wait(acme, 30)
        queue.serve(10)
        queue.wait(globex)

        queue.claim()

        assert queue.shares() == {acme.pk: 1, globex.pk: 1}

    def test_a_turn_that_quicksight_had_no_room_for_is_given_back(self, acme):
        queue = Queue(slots=1)
        queue.wait(acme)
        before = LaneTime(queue)
        queue.claim()
        ((job_id, tenant_id),) = queue.running()

        moves.move(tenant_id, job_id, "starting", slots_taken)

        assert LaneTime(queue).of_tenant == before.of_tenant == 0
        assert queue.wrong() == []


class LaneTime:
    def __init__(self, queue: Queue) -> None:
        with engine_scope():
            self.of_tenant = sum(TenantQueue.objects.filter(account=queue.account).values_list("virtual_time", flat=True))


def slots_taken(job: SnapshotJob) -> None:
    job.move_to("queued", waiting="slots_taken", not_before=timezone.now(), next_look_at=None)


class TestRunsByHand:
    def test_take_a_quarter_of_the_slots_for_one_tenant_while_others_wait(self, acme, globex):
        queue = Queue(slots=8)
        queue.wait(acme, 20, lane=NOW)
        queue.wait(globex, 20)

        queue.claim()

        assert queue.shares() == {acme.pk: 2, globex.pk: 6}

    def test_leave_room_for_what_is_scheduled_however_many_tenants_ask(self, globex):
        queue = Queue(slots=8)
        for _ in range(10):
            queue.wait(make_tenant(), 3, lane=NOW)
        queue.wait(globex, 5)

        queue.claim()

        lanes = Counter(lane for _id, _tenant, lane in queue.running("lane"))
        assert lanes == {NOW: 6, SCHEDULED: 2}

    def test_count_those_that_run_already(self, acme, globex):
        queue = Queue(slots=8)
        queue.wait(acme, 2, lane=NOW)
        queue.wait(globex, 2)
        queue.claim()
        queue.wait(acme, 5, lane=NOW)
        queue.wait(globex, 5)

        queue.claim()

        assert queue.shares() == {acme.pk: 2, globex.pk: 6}

    def test_take_every_slot_when_nobody_else_waits(self, acme):
        queue = Queue(slots=8)
        queue.wait(acme, 20, lane=NOW)

        assert queue.claim() == 8

    def test_take_what_scheduled_work_leaves(self, acme, globex):
        queue = Queue(slots=8)
        queue.wait(acme, 20, lane=NOW)
        queue.wait(globex, 1)

        queue.claim()

        assert queue.shares() == {acme.pk: 7, globex.pk: 1}

    def test_start_before_scheduled_jobs_of_the_same_tenant(self, acme):
        queue = Queue(slots=1)
        queue.wait(acme, 3)
        (by_hand,) = queue.wait(acme, lane=NOW)

        queue.claim()

        assert [job_id for job_id, _tenant in queue.running()] == [by_hand.pk]


class TestMostAtOnce:
    def test_of_a_tenant_holds_for_both_lanes_together_even_when_slots_stay_free(self):
        queue, capped = Queue(slots=8), make_tenant(max_running=3)
        queue.wait(capped, 10)
        queue.wait(capped, 10, lane=NOW)

        claimed = [queue.claim(), queue.claim()]

        assert claimed == [3, 0]

    def test_keeps_no_slot_from_others(self, acme):
        queue, slots = Queue(slots=6), 6
        for _ in range(10):
            queue.wait(make_tenant(max_running=0), 3)
            queue.wait(make_tenant(max_running=0), 3, lane=NOW)
        queue.wait(acme, 10)

        assert queue.claim() == slots
        assert queue.shares() == {acme.pk: slots}

    def test_that_staff_lift_lets_the_next_claim_go_on(self, acme):
        queue, capped = Queue(slots=6), make_tenant(max_running=1)
        queue.wait(capped, 10)
        queue.claim()
        with platform_scope():
            type(capped).objects.filter(pk=capped.pk).update(max_running=None)

        assert queue.claim() == 5


class TestNothingStaysIdle:
    def test_where_the_counts_are_too_high(self, acme, globex):
        queue = Queue(slots=4)
        queue.wait(acme, 5)
        queue.wait(globex, 10)
        with engine_scope():
            admit.admit(queue.account.pk)
            SnapshotJob.objects.filter(tenant=acme).update(status="starting")

        claimed = queue.claim()

        assert claimed == 4
        assert [lane_tenant[2] for lane_tenant in queue.wrong() if lane_tenant[2] != acme.pk] == []

    def test_in_an_account_with_more_slots_than_one_statement_fills(self, acme):
        queue = Queue(slots=60)
        queue.wait(acme, 70)

        assert queue.claim() == 60

    def test_but_the_spare_slots_which_are_for_offers(self, acme):
        queue = Queue(slots=2)
        with engine_scope():
            Slot.objects.create(account=queue.account, number=3, spare=True)
        queue.wait(acme, 5)

        assert queue.claim() == 2


class TestWhatIsLetIn:
    @pytest.mark.parametrize("kind", ["tenant", "report"])
    def test_is_nothing_of_what_is_paused(self, acme, globex, kind):
        queue = Queue(slots=4)
        queue.wait(acme, 2)
        make_job(tenant=globex, report=(other := make_report(account=queue.account)))
        with engine_scope():
            Pause.objects.create(kind=kind, since=timezone.now(), **({"tenant": globex} if kind == "tenant" else {"report": other}))

        queue.claim()

        assert queue.shares() == {acme.pk: 2}

    def test_goes_out_again_when_its_tenant_is_paused_and_comes_back_without_credit(self, acme, globex):
        queue = Queue(slots=2)
        queue.wait(acme, 40)
        queue.wait(globex, 40)
        queue.serve(4)
        with engine_scope():
            pause = Pause.objects.create(kind="tenant", tenant=globex, since=timezone.now())
        alone = queue.serve(10)
        with engine_scope():
            pause.delete()

        assert alone == {acme.pk: 10}
        assert queue.serve(10)[globex.pk] in (5, 6)
        assert queue.wrong() == []

    def test_can_be_taken_out_by_report(self, acme):
        queue = Queue(slots=2)
        other = make_report(account=queue.account)
        queue.wait(acme, 3)
        kept_out = make_job(tenant=acme, report=other)
        with engine_scope():
            admit.admit(queue.account.pk)
            Pause.objects.create(kind="report", report=other, since=timezone.now())

            taken = admit.retract(queue.account.pk, other.pk)

        assert taken == 1
        assert steps.now_of(kept_out).admitted is False
        assert queue.wrong() == []

    @pytest.mark.django_db(transaction=True)
    def test_is_not_waited_for_while_somebody_cancels_it(self, acme):
        """Who cancels holds the job and waits for its tenant's queue, which whoever takes jobs out may hold already."""
        queue = Queue(slots=1)
        cancelled, other = queue.wait(acme, 2)
        with engine_scope():
            admit.admit(queue.account.pk)
        taken = []

        def take_out() -> None:
            with engine_scope(), connection.cursor() as cursor:
                cursor.execute("set local lock_timeout = '2s'")
                taken.append(admit.retract(queue.account.pk, queue.report.pk))

        with tenant_scope(acme):
            SnapshotJob.objects.select_for_update().get(pk=cancelled.pk)
            faults = together(take_out)

        assert (faults, taken) == ([], [1])
        assert steps.now_of(other).admitted is False

    @pytest.mark.django_db(transaction=True)
    def test_is_locked_by_nobody_while_its_tenant_is_paused(self, acme):
        queue = Queue(slots=1)
        (kept_out,) = queue.wait(acme)
        found = []

        def look() -> None:
            with tenant_scope(acme):
                found.append(SnapshotJob.objects.select_for_update(skip_locked=True).filter(pk=kept_out.pk).exists())

        with engine_scope():
            Pause.objects.create(kind="tenant", tenant=acme, since=timezone.now())
            admit.admit(queue.account.pk)
            together(look)

        assert found == [True]

    def test_is_found_among_many_that_are_kept_out(self, acme, globex, monkeypatch):
        monkeypatch.setattr(admit, "LOOKED_AT", 3)
        queue = Queue(slots=2)
        with engine_scope():
            Pause.objects.create(kind="tenant", tenant=globex, since=timezone.now())
        queue.wait(globex, 30)
        queue.wait(acme)

        assert any(queue.claim() for _ in range(200))

    def test_is_counted_no_more_once_it_is_cancelled(self, acme):
        queue = Queue(slots=1)
        waiting = queue.wait(acme, 3)
        queue.claim()
        with tenant_scope(acme):
            jobs.cancel(steps.now_of(next(job for job in waiting if steps.status_of(job) == "queued")), steps.ADAM, now=timezone.now())

        assert queue.wrong() == []
        with engine_scope():
            assert TenantQueue.objects.values_list("queued", "running").get() == (1, 1)


@pytest.mark.parametrize("seed", range(4))
def test_after_any_run_of_moves_the_counts_are_those_of_the_jobs(seed):
    chance, queue = random.Random(seed), Queue(slots=5)
    tenants = [make_tenant(weight=chance.choice([0.5, 1, 3]), max_running=chance.choice([None, 2])) for _ in range(4)]

    def wait() -> None:
        queue.wait(chance.choice(tenants), chance.randint(1, 3), lane=chance.choice([NOW, SCHEDULED]))

    def cancel() -> None:
        tenant = chance.choice(tenants)
        with tenant_scope(tenant):
            if job := SnapshotJob.objects.filter(status="queued").first():
                jobs.cancel(job, steps.ADAM, now=timezone.now())

    def end() -> None:
        act = chance.choice([slots_taken, lambda job: moves.fail(job, "deadline_passed", timezone.now())])
        for job_id, tenant_id in chance.sample(held := queue.running(), min(2, len(held))):
            moves.move(tenant_id, job_id, "starting", act)

    def pause() -> None:
        with engine_scope():
            if not Pause.objects.all().delete()[0]:
                Pause.objects.create(kind="tenant", tenant=chance.choice(tenants), since=timezone.now())

    for _ in range(60):
        chance.choice([wait, cancel, end, pause, queue.claim, queue.claim])()

        assert queue.wrong() == []
    assert all(number <= 2 for tenant_id, number in queue.shares().items() if capped(tenants, tenant_id))


def capped(tenants, tenant_id) -> bool:
    return any(tenant.pk == tenant_id and tenant.max_running for tenant in tenants)


class TestCountingAnew:
    def test_puts_wrong_counts_right(self, acme):
        queue = Queue(slots=2)
        queue.wait(acme, 5)
        queue.claim()
        with engine_scope():
            TenantQueue.objects.update(queued=99, running=0)

        found = recount.recount()

        with engine_scope():
            assert TenantQueue.objects.values_list("queued", "running").get() == (3, 2)
        assert (found, queue.wrong(), recount.recount()) == (1, [], 0)

    def test_finds_jobs_that_no_queue_counts(self, acme):
        queue = Queue(slots=2)
        queue.wait(acme, 5)
        queue.claim()
        with engine_scope():
            TenantQueue.objects.all().delete()

        recount.recount()

        assert queue.wrong() == []


@pytest.mark.django_db(transaction=True)
def test_claimers_at_once_pass_no_cap(acme):
    queue, capped = Queue(slots=12), make_tenant(max_running=2)
    queue.wait(capped, 30)
    queue.wait(acme, 30, lane=NOW)
    queue.wait(make_tenant(), 90)
    peaks = []

    def work() -> None:
        chance = random.Random()
        for _ in range(10):
            queue.claim()
            peaks.append(queue.shares())
            for held in chance.sample(running := queue.running(), min(2, len(running))):
                queue.end(*held)

    faults = together(*[work] * 3)

    assert faults == []
    assert max(peak[capped.pk] for peak in peaks) == 2
    assert max(peak.total() for peak in peaks) == 12
    assert queue.wrong() == []


def test_an_account_has_a_clock_for_each_lane():
    queue = Queue(slots=1)

    with engine_scope():
        assert list(LaneClock.objects.filter(account=queue.account).values_list("lane", flat=True)) == [NOW, SCHEDULED]
