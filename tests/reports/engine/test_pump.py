"""How a pump begins, ends and hands over. A message may be lost or doubled; the work may not."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from reports.engine import pump
from reports.models import Pump, SnapshotJob
from tenants.scope import tenant_scope
from tests.reports.engine import steps
from tests.reports.engine.worker import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def messages() -> list[tuple]:
    """Function and arguments of what waits in the engine's queue."""
    return [(message.func(), message.task["args"]) for message in OrmQ.objects.filter(key="portal")]


def take_messages() -> None:
    OrmQ.objects.all().delete()


def beats(account) -> bool:
    return Pump.objects.get(account=account).beat_at is not None


@pytest.fixture
def soon_idle(monkeypatch):
    monkeypatch.setattr(pump, "IDLE_SECONDS", 0.3)


@pytest.fixture
def stop_file(monkeypatch, tmp_path):
    path = tmp_path / "stop"
    monkeypatch.setitem(os.environ, pump.STOP_FILE, str(path))
    return path


@contextmanager
def pumping_in_a_thread(account, window: float = 20):
    """Yields a list that gets the pump's word once it has ended."""
    ended: list[str] = []

    def run() -> None:
        try:
            ended.append(pump.pump(account.pk, window=window))
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_for(lambda: beats(account), 10, "the pump beats")
        yield ended
    finally:
        thread.join()


def test_a_pump_without_work_ends_and_sends_nothing(aws, account, soon_idle):
    assert pump.pump(account.pk) == "idle"

    assert messages() == []
    assert not beats(account)


def test_a_pump_whose_work_comes_later_stays_for_it(aws, account, acme, daily_calls, soon_idle):
    aws.control.fail_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="collecting")
    steps.turn(account)
    take_messages()

    ended = pump.pump(account.pk, window=1)

    assert (ended, steps.now_of(job).waiting) == ("window", "retry")
    assert messages() == [(pump.PUMP_TASK, (account.pk,))]


def test_a_window_that_ends_hands_over(aws, account, acme, daily_calls):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    take_messages()

    ended = pump.pump(account.pk, window=0.5)

    assert ended == "window"
    assert messages() == [(pump.PUMP_TASK, (account.pk,))]
    assert steps.status_of(job) == "running"


def test_a_second_pump_of_the_account_leaves_at_once(aws, account, soon_idle):
    with pumping_in_a_thread(account):
        second = pump.pump(account.pk)

    assert second == "busy"


def test_a_stop_file_ends_a_pump_and_its_work_is_sent_for(aws, account, acme, daily_calls, stop_file):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    take_messages()

    with pumping_in_a_thread(account) as ended:
        wait_for(lambda: steps.status_of(job) == "running", 10, "the job runs")
        stop_file.touch()

    assert ended == ["stop"]
    assert messages() == [(pump.PUMP_TASK, (account.pk,))]


def test_a_pump_that_comes_after_the_stop_does_nothing(aws, account, acme, daily_calls, stop_file):
    job = steps.submit(acme)
    stop_file.touch()

    assert pump.pump(account.pk) == "stop"

    assert steps.status_of(job) == "queued"


def test_many_jobs_send_one_message(aws, account, acme, daily_calls):
    for _ in range(5):
        steps.submit(acme)

    assert messages() == [(pump.PUMP_TASK, (account.pk,))]


def test_a_job_for_a_pump_that_lives_needs_no_message(aws, account, acme, daily_calls, stop_file):
    with pumping_in_a_thread(account):
        job = steps.submit(acme)
        sent = messages()
        wait_for(lambda: steps.status_of(job) == "completed", 20, "the job completed")
        stop_file.touch()

    assert sent == []


def test_a_new_pump_takes_over_what_a_killed_one_had_leased(aws, account, acme, daily_calls, stop_file):
    job = steps.submit(acme)
    with steps.engine_scope():
        steps.claim.claim(account.pk)
        steps.claim.take_due(account.pk, limit=5)
        Pump.objects.update(beat_at=timezone.now() - timedelta(minutes=1))

    with pumping_in_a_thread(account):
        wait_for(lambda: steps.status_of(job) == "completed", 20, "the job completed")
        stop_file.touch()

    assert sorted(aws.control.stats()["accepted"].values()) == [1]


def test_workers_that_start_send_for_the_pump_of_a_killed_one(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    take_messages()
    with steps.engine_scope():
        Pump.objects.filter(account=account).update(beat_at=steps.timezone.now())

    pump.wake(account.pk)
    silent = messages()
    pump.send_for_all()

    assert silent == []
    assert messages() == [(pump.PUMP_TASK, (account.pk,))]
    with tenant_scope(acme):
        assert SnapshotJob.objects.get(pk=job.pk).status == "queued"
