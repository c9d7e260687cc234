"""One pump's turns: claim for free slots, hand jobs that are due to free threads, take in what came of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty

from django.db import OperationalError, connection
from psycopg.errors import QueryCanceled

from reports import tallies
from reports.alerts import EVENT_LASTS, alert
from reports.aws.errors import AwsError
from reports.aws.quicksight import QuickSight
from reports.calls import counting
from reports.catalogue import facts_of
from reports.engine import claim, due, forecast, holding, leasing, limiter, moves, process
from reports.engine.clock import DatabaseClock
from reports.engine.crew import ALONE_SECONDS, Crew, News, Report, write_down
from reports.engine.leasing import Lease
from reports.engine.limiter import Gate
from reports.engine.pacing import Pacing
from reports.engine.pause import Pause
from reports.models import Account, SnapshotJob
from reports.restoring import gate
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
TURN_SECONDS, TURN_SECONDS_WHILE_PROBING = 0.3, 0.15
IDLE_SECONDS = 5.0
# A call in flight at the end of the window may take this long; its lease would end much later.
DRAIN_SECONDS = 10.0
STOP_DRAIN_SECONDS = 0.8
FORECAST_SECONDS = 5.0
# What needs no haste: a beat, the database's clock, deadlines, schedules that are due. And what this process tells of itself.
BEAT_SECONDS, NOTE_SECONDS = 1.0, 5.0
# For jobs that came meanwhile. Once a slot has become free it is filled at once.
FILL_SECONDS = 0.6
# Of `due.LIMIT` schedules each. More wait for the next turn, so that the morning's rush does not keep jobs waiting.
NOTES_A_TURN = 5
# Not where another one's name stands: this process was frozen then, and counted as dead.
BEAT = "update reports_pump set beat_at = clock_timestamp() where account_id = %s and process in ('', %s) returning beat_at, heard_at"


class Turns:
    """The work of one pump on one account."""

    def __init__(self, account: Account, stop: Callable[[], bool] = lambda: False) -> None:
        """`stop`: whether the pump has to hand over, asked each turn."""
        self.account, self._stop = account, stop
        self.clock = DatabaseClock()
        gate = Gate(account.pk, account.requests_per_second)
        quicksight = QuickSight(facts_of(account), gate=gate, heard=counting(account.pk))
        # Before the first turn of the budget is taken: to make a client takes longer than two calls are apart, and would bunch the first.
        # What is wrong with credentials the first call says again, to a job that then waits.
        with suppress(AwsError):
            quicksight.connect()
        self.pause = Pause(account, self.clock)
        self.pacing = Pacing(account.pk, self.clock)
        now = time.monotonic()
        self.gave_at = self.forecast_at = self.beat_at = self.note_at = self.fill_at = now
        self.stopping = self.is_due = False
        # Leased and not yet given to the crew: a connection that breaks at the commit does not say whether that was done.
        self.taken: list[Lease] = []
        # Enough threads to keep the account's rate at half a second a call, and no more than are useful on one core.
        # At the end: whoever is made has threads that have to be dismissed.
        size = max(4, min(16, round(account.requests_per_second / 2)))
        self.crew = Crew(size, quicksight, self.clock, gate)

    def begin(self) -> None:
        """In the engine's scope."""
        self.clock.synchronise()
        self.pacing.load()

    def run(self, window: float) -> str:
        """Why it ended: idle, window or stop."""
        began = last_work = time.monotonic()
        while True:
            busy = self.turn() or self.crew.busy
            now = time.monotonic()
            last_work = now if busy else last_work
            if self.stopping or now - began > window:
                self._drain(STOP_DRAIN_SECONDS if self.stopping else DRAIN_SECONDS)
                self._write_down()
                return "stop" if self.stopping else "window"
            if now - last_work > IDLE_SECONDS:
                if not has_work(self.account.pk):
                    return "idle"
                last_work = now
            self.listen(TURN_SECONDS_WHILE_PROBING if self.pacing.is_probing else TURN_SECONDS)

    def turn(self) -> int:
        """Claim for free slots, then hand due jobs to free threads. The number handed out."""
        self.stopping = self._stop()
        beats = time.monotonic() >= self.beat_at
        if beats and not gate.is_open():
            # Put back to an earlier time under our hands. What is in hand ends, nothing else begins or is given up.
            self.stopping = True
            return 0
        with engine_scope():
            self.pacing.write()
            late = self._beat() if beats else []
            room = 0 if self.crew.tries_a_suspect() else self.crew.size - self.crew.busy
            # For a suspect the others end their steps first; but whoever takes long is not waited for.
            alone = not self.crew.busy or time.monotonic() - self.gave_at > ALONE_SECONDS
            self.taken = [] if self.stopping else self._take(room, alone=alone)
        self.pacing.written()
        leases, self.taken = self.taken, []
        self.gave_at = time.monotonic() if leases else self.gave_at
        for lease in leases:
            self.crew.give(lease)
        for lease in late:
            write_down(lease, self._end_late)
        if self.is_due:
            self._note_due()
        self._forecast()
        tallies.flush_if_due()
        return len(leases)

    def _take(self, room: int, *, alone: bool) -> list[Lease]:
        fills = time.monotonic() >= self.fill_at
        if fills:
            self.fill_at = time.monotonic() + FILL_SECONDS
        return self.pause.take(room, alone=alone, fills=fills)

    def _end_late(self, job: SnapshotJob) -> None:
        moves.fail(job, holding.code_at_deadline(job, self.pause.failure_code), self.clock())

    def _beat(self) -> list[Lease]:
        """In the engine's scope. Jobs whose time is over, which nobody asks about."""
        self.beat_at = time.monotonic() + BEAT_SECONDS
        with connection.cursor() as cursor:
            cursor.execute(BEAT, [self.account.pk, process.name()])
            if beat := cursor.fetchone():
                now, heard_at = beat
                self.clock.set(now)
                self.pacing.heard(heard_at)
            else:
                self.stopping = True
        if time.monotonic() >= self.note_at:
            self.note_at = time.monotonic() + NOTE_SECONDS
            process.note(f"{process.PUMP}{self.account.pk}")
        self.is_due = due.is_soon(self.account.pk, 0)
        return leasing.past_deadline(self.account.pk) + self.pause.late()

    def _note_due(self) -> None:
        self.is_due = False
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
        told = f"Job {lease.job_id} ended or stopped its process {lease.crashes} times in a row, and is not tried again."
        alert("job_given_up", told, self.account.name, lasts=EVENT_LASTS)
        write_down(lease, lambda job: moves.fail(job, "internal", self.clock()))

    def listen(self, seconds: float) -> None:
        """Take in reports until the time is over, or one says that a slot is free: then all that are there."""
        end = time.monotonic() + seconds
        with suppress(Empty):
            while True:
                if self._take_in(self.crew.next_report(max(0.0, end - time.monotonic()))):
                    end = 0.0

    def _drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while self.crew.busy and time.monotonic() < end:
            self.listen(0.1)

    def _write_down(self) -> None:
        with engine_scope():
            self.pacing.write()
        self.pacing.written()

    def _take_in(self, report: Report | None) -> bool:
        """Whether a slot may be free now, or another job may be offered."""
        if report is None:
            self.fill_at = 0.0
            return True
        # First what cannot fail: without it nobody would know of a job that is leased still.
        self.pacing.hear(report)
        if report.throttled:
            limiter.slow_down(self.account.pk)
        self.pause.hear(report)
        may_fill = report.news == News.ENDED or (report.news == News.STARTED and self.account.probes)
        self.fill_at = 0.0 if may_fill else self.fill_at
        return may_fill


def has_work(account_id: int) -> bool:
    with engine_scope():
        return claim.has_work(account_id) or due.is_soon(account_id)
