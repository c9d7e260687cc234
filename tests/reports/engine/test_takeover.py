"""Jobs that end their process, or never end their step: the guilty one is found and given up, and nobody else pays for it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
from django.utils import timezone

from reports.engine import claim, leasing, takeover
from reports.engine.pump import Turns
from reports.models import Pump, SnapshotJob
from tenants.scope import engine_scope
from tests.factories import make_attempt
from tests.reports.engine import steps
from tests.reports.engine.test_given_up import rests

pytestmark = pytest.mark.django_db
ME = f"worker:1:{os.getpid()}"


@pytest.fixture(scope="module")
def dead() -> str:
    """Of this worker and its cluster, and gone."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return f"worker:1:{process.pid}"


@pytest.fixture
def submitted(aws, account, acme, daily_calls):
    return [steps.submit(acme) for _ in range(3)]


def lease(account, limit: int = 50) -> list:
    with engine_scope():
        claim.claim(account.pk)
        return leasing.take_due(account.pk, limit)


def dies(account, process: str) -> list:
    """The pump of that process is gone without signing off; what the next one gives up."""
    with engine_scope():
        Pump.objects.filter(account=account).update(process=process, beat_at=timezone.now())
        return [given_up.job_id for given_up in takeover.take_over(account.pk, ME)]


def crashes(*jobs) -> list[int]:
    return [steps.now_of(job).crashes for job in jobs]


def test_a_job_that_ends_its_process_three_times_is_given_up(account, acme, daily_calls, aws, dead):
    job = steps.submit(acme)

    given_up = []
    for _ in range(3):
        lease(account)
        given_up.append(dies(account, dead))

    assert given_up == [[], [], [job.pk]]


def test_those_in_hand_with_it_are_suspects_too_and_one_at_a_time(account, submitted, dead):
    lease(account)
    dies(account, dead)
    at_first = crashes(*submitted)

    lease(account)
    dies(account, dead)

    assert at_first == [1, 1, 1]
    assert sorted(crashes(*submitted)) == [1, 1, 2]


def test_suspects_are_handed_out_alone_and_before_all_others(account, submitted, acme, dead):
    in_hand = {held.job_id for held in lease(account, 2)}
    (spared,) = {job.pk for job in submitted} - in_hand
    dies(account, dead)
    later = steps.submit(acme)

    with engine_scope():
        claim.claim(account.pk)
        beside_others = leasing.take_due(account.pk, 50, alone=False)
    first = lease(account)
    steps.work_on(account, *first)
    second = lease(account)
    steps.work_on(account, *second)
    rest = lease(account)

    assert beside_others == []
    assert [len(first), len(second)] == [1, 1]
    assert {held.job_id for held in (*first, *second)} == in_hand
    assert {held.job_id for held in rest} >= {spared, later.pk}


def test_one_step_that_ends_clears_a_job(account, submitted, dead):
    lease(account)
    dies(account, dead)

    for _ in submitted:
        steps.work_on(account, *lease(account, 1))

    assert crashes(*submitted) == [0, 0, 0]


def test_a_step_without_a_verdict_is_an_end_too(account, submitted, aws, dead):
    aws.control.outage()
    lease(account, 1)
    dies(account, dead)

    steps.work_on(account, *lease(account, 1))

    assert crashes(*submitted) == [0, 0, 0]


@pytest.mark.parametrize("process", ["other-worker:1:77", "worker:2:77", ""], ids=["worker", "cluster", "unknown"])
def test_a_worker_that_ends_as_a_whole_proves_little(process, account, acme, daily_calls, aws):
    job = steps.submit(acme)

    given_up = []
    for _ in range(takeover.MAX_WITH_WORKER):
        lease(account)
        given_up += dies(account, process)

    assert given_up == [job.pk]
    assert crashes(job) == [takeover.MAX_WITH_WORKER]


def test_a_process_that_lives_on_is_no_death(account, submitted):
    lease(account)

    assert dies(account, ME) == []

    assert crashes(*submitted) == [0, 0, 0]
    assert len(lease(account)) == 3


def test_a_call_that_takes_longer_than_its_pumps_window_is_left_to_its_thread(account, submitted):
    lease(account)
    with engine_scope():
        takeover.take_over(account.pk, ME)

    assert lease(account) == []
    assert crashes(*submitted) == [0, 0, 0]


def test_a_step_that_outlives_its_lease_three_times_is_given_up(account, acme, daily_calls, aws):
    job = steps.submit(acme)

    given_up = []
    for _ in range(3):
        lease(account)
        steps.let_pass(job, seconds=leasing.LEASE_SECONDS + 1)
        with engine_scope():
            given_up += takeover.take_over(account.pk, ME)

    assert [hung.job_id for hung in given_up] == [job.pk]


@pytest.mark.django_db(transaction=True)
def test_a_job_given_up_fails_in_words_and_what_it_may_have_started_rests(account, acme, daily_calls, aws, dead, caplog):
    job = steps.submit(acme)
    (held,) = lease(account)
    make_attempt(job=job)
    with engine_scope():
        SnapshotJob.objects.filter(pk=job.pk).update(crashes=3)

    turns = Turns(account)
    turns.give_up(replace(held, crashes=3))
    turns.crew.dismiss()

    failed = steps.now_of(job)
    assert (failed.status, failed.failure_code, failed.failure_text) == ("failed", "internal", "Something went wrong in the portal.")
    assert steps.held_slots(account) == 0
    assert len(rests(account)) == 1
    assert [record.levelname for record in caplog.records if "job_given_up" in record.getMessage()] == ["ERROR"]
