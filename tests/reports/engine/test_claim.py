"""Slots: filled while work waits, never overfull, whoever claims."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from reports.engine import claim, leasing, moves, slots
from reports.models import Slot, SnapshotJob
from tenants.scope import engine_scope
from tests.factories import make_account, make_job, make_report
from tests.reports.engine import steps
from tests.reports.engine.threads import together

SLOTS, JOBS = 12, 40


def claimed(account, **limits) -> int:
    with engine_scope():
        return claim.claim(account.pk, **limits)


def lower_limit(account, slots: int) -> None:
    with engine_scope():
        Slot.objects.filter(account=account, number__gt=slots).update(enabled=False)


@pytest.mark.django_db(transaction=True)
def test_claimers_in_threads_never_pass_the_limit_and_leak_no_slot(account, acme, daily_calls):
    waiting = [make_job(tenant=acme, report=daily_calls) for _ in range(JOBS)]
    peaks = []

    def claim_and_end() -> None:
        while claimed(account) or holders(account):
            peaks.append(steps.held_slots(account))
            for job_id, tenant_id in random.sample(held := holders(account), min(3, len(held))):
                moves.move(tenant_id, job_id, "starting", lambda job: moves.fail(job, "deadline_passed", timezone.now()))

    faults = together(*[claim_and_end] * 4)

    assert faults == []
    assert max(peaks) == SLOTS
    assert [steps.status_of(job) for job in waiting] == ["failed"] * JOBS
    assert steps.held_slots(account) == 0
    assert [len(steps.events_of(job, "failed")) for job in waiting] == [1] * JOBS


def holders(account) -> list[tuple]:
    with engine_scope():
        return list(SnapshotJob.objects.filter(account=account, status="starting").values_list("id", "tenant_id"))


@pytest.mark.django_db
class TestOneClaim:
    def test_fills_free_slots_and_no_more(self, account, acme, daily_calls):
        for _ in range(SLOTS + 3):
            make_job(tenant=acme, report=daily_calls)

        assert [claimed(account), claimed(account)] == [SLOTS, 0]
        assert steps.held_slots(account) == SLOTS

    def test_takes_a_run_by_hand_first_and_of_each_lane_the_oldest(self, account, acme, daily_calls, now):
        lower_limit(account, 3)
        ages = [(1, 9), (1, 30), (0, 5), (1, 20), (0, 2)]
        made = {(lane, age): make_job(tenant=acme, report=daily_calls, lane=lane, now=now - timedelta(minutes=age)) for lane, age in ages}

        claimed(account)

        assert {key for key, job in made.items() if steps.status_of(job) == "starting"} == {(0, 5), (1, 30), (1, 20)}

    def test_leaves_a_job_that_may_not_start_yet(self, account, acme, daily_calls):
        early = make_job(tenant=acme, report=daily_calls, not_before=timezone.now() + timedelta(minutes=1))

        assert claimed(account) == 0
        steps.let_pass(early, seconds=61)

        assert claimed(account) == 1

    def test_leaves_jobs_of_other_accounts(self, account, acme, daily_calls):
        other = make_report(account=make_account(name="other"))
        make_job(tenant=acme, report=other)

        assert claimed(account) == 0

    def test_respects_a_limit_that_was_lowered_while_jobs_run(self, account, acme, daily_calls):
        running = [make_job(tenant=acme, report=daily_calls) for _ in range(4)]
        claimed(account)
        make_job(tenant=acme, report=daily_calls)

        lower_limit(account, 2)
        full = claimed(account)
        for job in running:
            moves.move(job.tenant_id, job.pk, "starting", lambda job: moves.fail(job, "deadline_passed", timezone.now()))

        assert full == 0
        assert claimed(account) == 1
        assert steps.held_slots(account) == 1

    def test_takes_each_due_job_once_until_it_is_given_back(self, account, acme, daily_calls):
        job = make_job(tenant=acme, report=daily_calls)
        claimed(account)

        with engine_scope():
            taken = [leasing.take_due(account.pk, 5), leasing.take_due(account.pk, 5)]
            leasing.release(taken[0])
        steps.let_pass(job, seconds=2)
        with engine_scope():
            taken.append(leasing.take_due(account.pk, 5))

        assert [[lease.job_id for lease in leases] for leases in taken] == [[job.pk], [], [job.pk]]

    def test_a_lease_that_ran_out_gives_back_nothing_of_the_next_one(self, account, acme, daily_calls):
        make_job(tenant=acme, report=daily_calls)
        claimed(account)
        with engine_scope():
            old = leasing.take_due(account.pk, 5)
            leasing.release(old)
            SnapshotJob.objects.update(next_look_at=timezone.now())
            (new,) = leasing.take_due(account.pk, 5)

            leasing.release(old)

            assert SnapshotJob.objects.values_list("lease_until", flat=True).get() == new.until

    def test_starts_no_more_than_asked_for(self, account, acme, daily_calls):
        for _ in range(3):
            make_job(tenant=acme, report=daily_calls)

        with engine_scope():
            started = claim.claim(account.pk, most=1)

        assert started == 1

    def test_leaves_a_slot_that_rests_alone(self, account, acme, daily_calls):
        given_up = make_job(tenant=acme, report=daily_calls)
        claimed(account)
        with engine_scope():
            slots.free(given_up.pk, rests_until=timezone.now() + timedelta(minutes=30))
            Slot.objects.exclude(rests_until__isnull=False).update(enabled=False)
        make_job(tenant=acme, report=daily_calls)

        resting = claimed(account)
        with engine_scope():
            Slot.objects.update(rests_until=timezone.now() - timedelta(seconds=1))

        assert (resting, claimed(account)) == (0, 1)
