"""The loop that keeps one account's slots full: claim, start, look, collect, until its window ends; then it enqueues itself again.

All truth is in the tables. A message that starts a pump may be lost (a watchdog sends one each minute) or doubled (one pump per account
holds a lock), and two pumps at once would still never start a job twice.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from queue import Empty

from django.core.cache import cache
from django.db import connections
from django.db.models.functions import Now
from django_q.tasks import async_task

from reports.aws.clients import quicksight_client
from reports.aws.quicksight import QuickSight
from reports.catalogue import facts_of
from reports.engine import claim, forecast, limiter, moves
from reports.engine.clock import DatabaseClock
from reports.engine.crew import Crew, Report, write_down
from reports.engine.silence import Silence
from reports.models import Account, Pump, SnapshotJob
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
PUMP_TASK = "reports.engine.pump.pump"
# The environment variable in which `manage.py worker` names a file; once that file exists, its pumps hand over.
STOP_FILE = "FANFOLD_STOP_FILE"
LOCK_CLASS = 7201
WINDOW_SECONDS = 50.0
IDLE_SECONDS = 5.0
BEAT_SECONDS = 0.2
# A call in flight at the end of the window may take this long; its lease would end much later.
DRAIN_SECONDS = 10.0
STOP_DRAIN_SECONDS = 0.8
WAKE_ONCE_SECONDS = 5
PROBE_SECONDS = 30.0
FORECAST_SECONDS = 3.0
# After a silence of a moment the back-offs are short anyway; ending them would let a job that never gets an answer ask without pause.
SHORT_SILENCE_SECONDS = 5.0
# Without a beat for this long a pump counts as dead.
BEAT_LATE = timedelta(seconds=3)


def wake(account_id: int) -> None:
    """Call after the commit, outside any scope. A pump that is alive finds the job by itself within its next turn."""
    # By the database's clock on both sides: hosts' clocks differ.
    alive = Pump.objects.filter(account_id=account_id, beat_at__gt=Now() - BEAT_LATE).exists()
    # One message wakes as well as five thousand, which the queue would have to carry while no worker runs.
    woken = f"engine:woken:{account_id}"
    if not alive and cache.add(woken, 1, timeout=WAKE_ONCE_SECONDS):
        try:
            async_task(PUMP_TASK, account_id)
        except Exception:
            # It was not sent after all: the next job may try.
            cache.delete(woken)
            raise


def watch() -> None:
    """Each minute, for every account: send for a pump where nobody pumps, and end what should have ended long ago."""
    for account_id in Pump.objects.values_list("account_id", flat=True):
        wake(account_id)
        end_stuck(account_id)


def send_for_all() -> None:
    """After a start of the workers: a pump that was killed a moment ago still looks alive, and its message is locked."""
    for account_id in Pump.objects.values_list("account_id", flat=True):
        wake_if_work(account_id)


def pump(account_id: int, window: float = WINDOW_SECONDS) -> str:
    """A django-q2 task. Returns why it ended: busy, idle, window or stop."""
    if _stopping():
        return "stop"
    with _only_one(account_id) as mine:
        if not mine:
            return "busy"
        ended = _pump(account_id, window)
    if ended == "window" or (ended == "stop" and _has_work(account_id)):
        async_task(PUMP_TASK, account_id)
    elif ended == "idle":
        # A job that was committed between the last turn and the end of the pump saw it alive and sent no message.
        wake_if_work(account_id)
    return ended


def wake_if_work(account_id: int) -> None:
    if _has_work(account_id):
        async_task(PUMP_TASK, account_id)


def _pump(account_id: int, window: float) -> str:
    with engine_scope():
        account = Account.objects.get(pk=account_id)
        if Pump.objects.exclude(beat_at=None).filter(account_id=account_id).exists():
            # The one before did not sign off: nobody works on what it had leased.
            claim.clear_leases(account_id)
    turns = Turns(account)
    try:
        return turns.run(window)
    finally:
        turns.crew.dismiss()
        if not turns.crew.busy:
            with engine_scope():
                Pump.objects.filter(account_id=account_id).update(beat_at=None)


def end_stuck(account_id: int) -> None:
    """Jobs past their deadline end even where no pump can be made: without credentials, or with each step of theirs broken."""
    clock = DatabaseClock()
    with engine_scope():
        clock.synchronise()
        leases = claim.past_deadline(account_id) + claim.stuck(account_id)
    for lease in leases:
        write_down(lease, lambda job: moves.fail(job, "deadline_passed", clock()))


class Turns:
    """The work of one pump on one account."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.clock = DatabaseClock()
        facts = facts_of(account)
        # Made before the first turn of the budget is taken: it takes longer than two calls are apart, and would bunch the first ones.
        quicksight_client(facts)
        # Enough threads to keep the account's rate at half a second a call, and no more than are useful on one core.
        size = max(4, min(16, round(account.requests_per_second / 2)))
        self.crew = Crew(size, QuickSight(facts, gate=lambda: limiter.wait_for_turn(account.pk)), self.clock)
        self.silence = Silence(account.unanswered_since is not None)
        self.silent_from = self.probe_at = self.forecast_at = time.monotonic()
        self.stopping = False

    def run(self, window: float) -> str:
        began = last_work = time.monotonic()
        while True:
            busy = self.turn() or self.crew.busy
            now = time.monotonic()
            last_work = now if busy else last_work
            if self.stopping or now - began > window:
                self._drain(STOP_DRAIN_SECONDS if self.stopping else DRAIN_SECONDS)
                return "stop" if self.stopping else "window"
            if now - last_work > IDLE_SECONDS:
                if not _has_work(self.account.pk):
                    return "idle"
                last_work = now
            self.listen(BEAT_SECONDS)

    def turn(self) -> int:
        """Claim for free slots, then hand due jobs to free threads. The number handed out."""
        self.stopping = _stopping()
        with engine_scope():
            self.clock.synchronise()
            Pump.objects.filter(account_id=self.account.pk).update(beat_at=self.clock())
            late = claim.past_deadline(self.account.pk)
            if not self.stopping:
                self._claim()
            room = 0 if self.stopping else self.crew.size - self.crew.busy
            leases = claim.take_due(self.account.pk, room) if room else []
        for lease in leases:
            self.crew.give(lease)
        for lease in late:
            write_down(lease, self._give_up)
        self._forecast()
        return len(leases)

    def _forecast(self) -> None:
        """After the starts, and in a transaction of its own: a forecast delays none."""
        if time.monotonic() >= self.forecast_at:
            self.forecast_at = time.monotonic() + FORECAST_SECONDS
            with engine_scope():
                forecast.write(self.account.pk)

    def _claim(self) -> None:
        """While QuickSight is silent one more job starts now and then and asks: those under way may all be a broken report's."""
        if not self.silence.silent:
            claim.claim(self.account.pk)
        elif time.monotonic() >= self.probe_at:
            self.probe_at = time.monotonic() + PROBE_SECONDS
            claim.claim(self.account.pk, most=1)

    def _give_up(self, job: SnapshotJob) -> None:
        moves.fail(job, "service_unavailable" if self.silence.silent else "deadline_passed", self.clock())

    def listen(self, seconds: float) -> None:
        """Wait for the first report, take in all that are there."""
        with suppress(Empty):
            self._take_in(self.crew.reports.get(timeout=seconds))
            while True:
                self._take_in(self.crew.reports.get_nowait())

    def _drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.crew.busy and time.monotonic() < end:
            self.listen(0.1)

    def _take_in(self, report: Report) -> None:
        self.crew.busy -= 1
        if report.throttled:
            limiter.slow_down(self.account.pk)
        if report.answered is not None and self.silence.hear(report.lease.job_id, report.answered):
            self._silence_changed()

    def _silence_changed(self) -> None:
        """While QuickSight is silent no new job starts, but for a probe; those under way keep asking."""
        silent, now = self.silence.silent, time.monotonic()
        logger.warning("account %s: QuickSight %s", self.account.name, "does not answer" if silent else "answers again")
        with engine_scope():
            Account.objects.filter(pk=self.account.pk).update(unanswered_since=self.clock() if silent else None)
            if not silent and now - self.silent_from > SHORT_SILENCE_SECONDS:
                claim.wake_unanswered(self.account.pk)
        if silent:
            self.silent_from, self.probe_at = now, now + PROBE_SECONDS


def _stopping() -> bool:
    path = os.environ.get(STOP_FILE)
    return path is not None and os.path.exists(path)


def _has_work(account_id: int) -> bool:
    with engine_scope():
        return claim.has_work(account_id)


@contextmanager
def _only_one(account_id: int) -> Iterator[bool]:
    """A lock on a connection of its own: the server drops it when this process dies, however it dies."""
    holder = connections.create_connection("default")
    try:
        with holder.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, account_id])
            yield bool(cursor.fetchone()[0])
    finally:
        holder.close()
