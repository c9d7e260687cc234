"""How a pump begins, ends and hands over. A message may be lost or doubled; the work may not."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django_q.models import OrmQ
from redis.exceptions import ConnectionError as RedisConnectionError

from reports.engine import claim, crew, forecast, leasing, pump, turns
from reports.engine.process import STOP_FILE
from reports.models import Pump, SnapshotJob
from tenants.scope import engine_scope, tenant_scope
from tests.factories import make_account, make_job, make_report
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
    monkeypatch.setattr(turns, "IDLE_SECONDS", 0.3)


@pytest.fixture
def stop_file(monkeypatch, tmp_path):
    path = tmp_path / "stop"
    monkeypatch.setitem(os.environ, STOP_FILE, str(path))
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


@pytest.mark.parametrize("ends_first", ["the step", "the pump"])
def test_a_look_whose_pump_is_gone_leaves_no_lease(ends_first, aws, account, acme, daily_calls):
    aws.control.stuck_jobs()
    job = steps.submit(acme)
    steps.run_until(account, job, status="running")
    steps.make_due(job)
    crew = turns.Turns(account).crew
    with engine_scope():
        (lease,) = leasing.take_due(account.pk, 1)
    looked = aws.control.stats()["calls"].get(steps.DESCRIBE, 0)
    crew.give(lease)
    if ends_first == "the step":
        wait_for(lambda: aws.control.stats()["calls"].get(steps.DESCRIBE, 0) > looked, 10, "the look is made")

    with engine_scope():
        leasing.release(crew.dismiss())

    wait_for(lambda: steps.now_of(job).lease_until is None, 5, "the job is given back")
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
        steps.leasing.take_due(account.pk, limit=5)
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


def test_a_pump_that_died_is_replaced_without_a_new_job_and_one_that_signed_off_is_not(aws, account):
    living, gone = make_account(name="living"), make_account(name="gone")
    with steps.engine_scope():
        Pump.objects.filter(account=account).update(beat_at=timezone.now() - timedelta(seconds=4))
        Pump.objects.filter(account=living).update(beat_at=timezone.now())
        Pump.objects.filter(account=gone).update(beat_at=None)

    pump.replace_dead()
    pump.replace_dead()

    assert messages() == [(pump.PUMP_TASK, (account.pk,))]


def test_jobs_past_their_deadline_end_in_every_account_while_nobody_can_be_woken(account, acme, daily_calls, settings):
    elsewhere = make_report(slug="elsewhere", account=make_account(name="other"))
    late = [make_job(tenant=acme, report=report, now=timezone.now() - timedelta(hours=7)) for report in (daily_calls, elsewhere)]
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}}

    with pytest.raises(RedisConnectionError):
        pump.watch()

    assert [steps.status_of(job) for job in late] == ["failed"] * 2


class TestADatabaseThatBreaksOff:
    @pytest.fixture(autouse=True)
    def quick(self, monkeypatch):
        monkeypatch.setattr(crew, "RECONNECT_SECONDS", 0.05)
        monkeypatch.setattr(pump, "RECONNECT_SECONDS", 0.05)

    @staticmethod
    def once(wanted: str, deed):
        """A wrapper of statements that does `deed` at the first one that has these words."""
        done: list[str] = []

        def wrapper(execute, sql, params, many, context):
            result = execute(sql, params, many, context)
            if wanted in sql and not done:
                done.append(sql)
                deed()
            return result

        return connection.execute_wrapper(wrapper)

    @staticmethod
    def break_off() -> None:
        raise OperationalError("server closed the connection unexpectedly")

    def test_at_the_commit_of_a_lease_leaves_no_job_leased_to_nobody(self, aws, account, acme, daily_calls):
        job = steps.submit(acme)

        with self.once("suspects as materialized", lambda: transaction.on_commit(self.break_off)):
            pump.pump(account.pk, window=30)

        assert (steps.status_of(job), steps.now_of(job).crashes) == ("completed", 0)

    def test_during_a_step_has_its_lease_given_back_by_the_thread_itself(self, aws, account, acme, daily_calls):
        job = steps.submit(acme)
        with steps.engine_scope():
            claim.claim(account.pk)
            leases = leasing.take_due(account.pk, 5)
        away = iter([True] * 3)

        def wrapper(execute, sql, params, many, context):
            if next(away, False):
                self.break_off()
            return execute(sql, params, many, context)

        with connection.execute_wrapper(wrapper):
            steps.work_on(account, *leases)

        assert (steps.now_of(job).lease_until, steps.now_of(job).crashes) == (None, 0)

    def test_before_the_first_turn_leaves_no_thread_behind(self, aws, account):
        before = pump_threads()

        with self.once("select clock_timestamp()", self.break_off), pytest.raises(OperationalError):
            pump.pump(account.pk, window=-1)

        wait_for(lambda: pump_threads() <= before, 5, "its threads ended")


def pump_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("pump-")}


def test_a_forecast_that_takes_too_long_is_left_out_and_the_pump_goes_on(aws, account, acme, daily_calls, monkeypatch, caplog):
    monkeypatch.setattr(turns, "FORECAST_SECONDS", 0)

    def slow(execute, sql, params, many, context):
        if sql != forecast.WRITE:
            return execute(sql, params, many, context)
        execute("set local statement_timeout = 20", None, False, context)
        return execute("select pg_sleep(5)", None, False, context)

    with connection.execute_wrapper(slow), steps.pumping(account) as one_turn:
        one_turn()
        job = steps.submit(acme)
        one_turn()

    assert steps.status_of(job) == "running"
    assert "no forecast was written" in caplog.text
