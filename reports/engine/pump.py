"""The loop that keeps one account's slots full: claim, start, look, collect, until its window ends; then it enqueues itself again.

All truth is in the tables. A message that starts a pump may be lost (a watchdog sends one each minute) or doubled (one pump per account
holds a lock), and two pumps at once would still never start a job twice.
"""

from __future__ import annotations

import logging
import os
import time
from contextlib import suppress
from datetime import timedelta
from queue import Empty

from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Q
from django.db.models.functions import Now
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.exceptions import TimeoutException
from django_q.tasks import async_task
from psycopg.errors import QueryCanceled

from reports.alerts import alert
from reports.aws.errors import AwsError
from reports.aws.quicksight import QuickSight
from reports.catalogue import facts_of
from reports.engine import claim, due, forecast, limiter, moves, process, takeover
from reports.engine.claim import Lease
from reports.engine.clock import DatabaseClock
from reports.engine.crew import ALONE_SECONDS, RECONNECT_SECONDS, Crew, Report, write_down
from reports.engine.only_one import end_holder, only_one
from reports.engine.pause import Pause
from reports.engine.process import stopping
from reports.models import Account, Pump
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
PUMP_TASK = "reports.engine.pump.pump"
ENGINE = str(settings.Q_CLUSTER["name"])
LOCK_CLASS = 7201
# How its process's row tells what it does.
DOING = "pump "
WINDOW_SECONDS = 50.0
IDLE_SECONDS = 5.0
BEAT_SECONDS = 0.2
# A call in flight at the end of the window may take this long; its lease would end much later.
DRAIN_SECONDS = 10.0
STOP_DRAIN_SECONDS = 0.8
WAKE_ONCE_SECONDS = 5
FORECAST_SECONDS = 3.0
# Of `due.LIMIT` schedules each. More wait for the next turn, so that the morning's rush does not keep jobs waiting.
NOTES_A_TURN = 5
# Without a beat for this long a pump counts as dead.
BEAT_LATE = timedelta(seconds=3)
# Without one for this long it lost its right to be the only one, also where its process or its host is frozen and keeps the lock.
GONE_AFTER = timedelta(seconds=15)
MOST_MESSAGES = 100
# Where workers are fewer than accounts, these take turns.
SHARED_WINDOW_SECONDS = 5.0
PROCESS_BEAT_SECONDS = 2.0
# Of this process: those of pumps that ended while a call was still under way.
_crews: list[Crew] = []


def wake(account_id: int) -> None:
    """Call after the commit, outside any scope. A pump that is alive finds the job by itself within its next turn."""
    # By the database's clock on both sides: hosts' clocks differ.
    alive = Pump.objects.filter(account_id=account_id, beat_at__gt=Now() - BEAT_LATE).exists()
    # One message wakes as well as five thousand, which the queue would have to carry while no worker runs.
    woken = f"engine:woken:{account_id}"
    if not alive and cache.add(woken, 1, timeout=WAKE_ONCE_SECONDS) and not is_full(ENGINE):
        try:
            send(account_id)
        except Exception:
            # It was not sent after all: the next job may try.
            cache.delete(woken)
            raise


def send(account_id: int) -> None:
    """By its name: in a process of another queue django-q2 would take that one, and a pump would keep its places from its own tasks."""
    async_task(PUMP_TASK, account_id, cluster=ENGINE)


def is_full(cluster: str) -> bool:
    """So many messages wait that one more wakes nobody sooner: no worker takes them just now."""
    return bool(get_broker(cluster).queue_size() >= MOST_MESSAGES)


def watch() -> None:
    """Each minute, for every account: end what should have ended long ago, and send for a pump where nobody pumps."""
    account_ids = list(Pump.objects.values_list("account_id", flat=True))
    for account_id in account_ids:
        end_stuck(account_id)
    # After all of those, because it needs the cache and the broker too.
    for account_id in account_ids:
        wake(account_id)


def replace_dead() -> None:
    """Every few seconds: send for a pump where one beat until a moment ago, or where work waits and no message for it arrived."""
    alive = Q(beat_at__gt=Now() - BEAT_LATE)
    for account_id, beat_at in Pump.objects.exclude(alive).values_list("account_id", "beat_at"):
        if beat_at or _has_work(account_id):
            wake(account_id)
    for account_id in Pump.objects.filter(beat_at__lt=Now() - GONE_AFTER).values_list("account_id", flat=True):
        end_holder(LOCK_CLASS, account_id)


def send_for_all() -> None:
    """After a start of the workers: a pump that was killed a moment ago still looks alive, and its message is locked."""
    for account_id in Pump.objects.values_list("account_id", flat=True):
        wake_if_work(account_id)


def pump(account_id: int, window: float = WINDOW_SECONDS) -> str:
    """A django-q2 task. Returns why it ended: busy, idle, window or stop."""
    with process.doing(f"{DOING}{account_id}"):
        ended = _through_outages(account_id, window)
        _leave_hanging_threads()
    return ended


def _through_outages(account_id: int, window: float) -> str:
    """Begin anew when the database was away, as long as the window lasts; after that the watchdog sends for another pump."""
    end, told = time.monotonic() + window, False
    while True:
        try:
            return _one_pump(account_id, end - time.monotonic())
        except (OperationalError, InterfaceError):
            if time.monotonic() > end:
                raise
            if not told:
                logger.warning("account %s: the database did not answer", account_id, exc_info=True)
            told = True
            connection.close()
            time.sleep(RECONNECT_SECONDS)


def _one_pump(account_id: int, window: float) -> str:
    if stopping():
        return "stop"
    with only_one(LOCK_CLASS, account_id, "pump") as mine:
        if not mine:
            return "busy"
        ended = _pump(account_id, min(window, SHARED_WINDOW_SECONDS) if _is_shared() else window)
    if ended == "window" or (ended == "stop" and _has_work(account_id)):
        send(account_id)
    elif ended == "idle":
        # A job that was committed between the last turn and the end of the pump saw it alive and sent no message.
        wake_if_work(account_id)
    return ended


def _is_shared() -> bool:
    return Pump.objects.count() > int(Conf.WORKERS)


def _leave_hanging_threads() -> None:
    """A thread cannot be ended: the process goes, and django-q2 makes another in its place."""
    _crews[:] = [crew for crew in _crews if crew.busy]
    if any(crew.hangs() for crew in _crews):
        logger.error("a step of a job hangs in process %s: it makes room for another", os.getpid())
        raise TimeoutException("A step of a job hangs in this process; the job is tried again in another one.")


def wake_if_work(account_id: int) -> None:
    if _has_work(account_id):
        send(account_id)


def _pump(account_id: int, window: float) -> str:
    with engine_scope():
        account = Account.objects.get(pk=account_id)
        guilty = takeover.take_over(account_id, process.name())
    turns, ended = Turns(account), ""
    _crews.append(turns.crew)
    try:
        turns.clock.synchronise()
        for lease in guilty:
            turns.give_up(lease)
        ended = turns.run(window)
        return ended
    finally:
        turns.crew.dismiss()
        with engine_scope():
            if ended != "window":
                # This process may end now. After a window it lives on, and so do threads whose call takes its time.
                claim.release(turns.crew.in_hand + turns.taken)
            Pump.objects.filter(account_id=account_id, process=process.name()).update(beat_at=None)


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
        quicksight = QuickSight(facts_of(account), gate=lambda: limiter.wait_for_turn(account.pk))
        # Before the first turn of the budget is taken: to make a client takes longer than two calls are apart, and would bunch the first.
        # What is wrong with credentials the first call says again, to a job that then waits.
        with suppress(AwsError):
            quicksight.connect()
        self.pause = Pause(account, self.clock)
        self.stopping, self.gave_at, self.forecast_at, self.process_beat_at = False, time.monotonic(), time.monotonic(), 0.0
        # Leased and not yet given to the crew: a connection that breaks at the commit does not say whether that was done.
        self.taken: list[Lease] = []
        # Enough threads to keep the account's rate at half a second a call, and no more than are useful on one core.
        # At the end: whoever is made has threads that have to be dismissed.
        size = max(4, min(16, round(account.requests_per_second / 2)))
        self.crew = Crew(size, quicksight, self.clock)

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
        if time.monotonic() >= self.process_beat_at:
            self.process_beat_at = time.monotonic() + PROCESS_BEAT_SECONDS
            process.beat(f"{DOING}{self.account.pk}")
        with engine_scope():
            self.clock.synchronise()
            # Another one's name stands there when this process was frozen and counted as dead.
            mine = Pump.objects.filter(account_id=self.account.pk, process__in=("", process.name())).update(beat_at=self.clock())
            self.stopping = stopping() or not mine
            late = claim.past_deadline(self.account.pk) + self.pause.late()
            room = 0 if self.crew.tries_a_suspect() else self.crew.size - self.crew.busy
            # For a suspect the others end their steps first; but whoever takes long is not waited for.
            alone = not self.crew.busy or time.monotonic() - self.gave_at > ALONE_SECONDS
            self.taken = [] if self.stopping else self.pause.take(room, alone=alone)
        leases, self.taken = self.taken, []
        self.gave_at = time.monotonic() if leases else self.gave_at
        for lease in leases:
            self.crew.give(lease)
        for lease in late:
            write_down(lease, lambda job: moves.fail(job, self.pause.failure_code, self.clock()))
        self._note_due()
        self._forecast()
        return len(leases)

    def _note_due(self) -> None:
        for _ in range(NOTES_A_TURN):
            if self.stopping or not due.note(self.account.pk, self.clock()):
                return

    def _forecast(self) -> None:
        """After the starts, and in a transaction of its own: a forecast delays none."""
        if time.monotonic() >= self.forecast_at:
            self.forecast_at = time.monotonic() + FORECAST_SECONDS
            try:
                with engine_scope():
                    forecast.write(self.account.pk)
            except OperationalError as error:
                if not isinstance(error.__cause__, QueryCanceled):
                    raise
                # It took longer than a statement may. The database is there, and the line can wait.
                logger.warning("account %s: no forecast was written", self.account.pk, exc_info=True)

    def give_up(self, lease: Lease) -> None:
        alert("job_given_up", f"Job {lease.job_id} ended or stopped its process {lease.crashes} times in a row, and is not tried again.")
        write_down(lease, lambda job: moves.fail(job, "internal", self.clock()))

    def listen(self, seconds: float) -> None:
        """Wait for the first report, take in all that are there."""
        with suppress(Empty):
            self._take_in(self.crew.next_report(seconds))
            while True:
                self._take_in(self.crew.next_report(0))

    def _drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.crew.busy and time.monotonic() < end:
            self.listen(0.1)

    def _take_in(self, report: Report) -> None:
        if report.throttled:
            limiter.slow_down(self.account.pk)
        self.pause.hear(report)


def _has_work(account_id: int) -> bool:
    with engine_scope():
        return claim.has_work(account_id) or due.is_soon(account_id)
