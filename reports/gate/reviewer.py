"""The reviewer: takes the reviews that are due and has each one seen to in a thread of its own. It stands by, see reports/standing.py."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from reports.due import Taken
from reports.engine.clock import DatabaseClock
from reports.gate import reviewing
from reports.gate.taking import Round
from tenants.scope import engine_scope

# Each has a process look into its files, which keeps a core busy.
THREADS = 4
WAIT_SECONDS = 0.5
# Of this process. A thread outlives the reviewer that gave it its review, and keeps its place.
_reviewing: dict[threading.Thread, Taken] = {}


def reviewer() -> Callable[[], bool]:
    return Reviewer().turn


class Reviewer:
    def __init__(self) -> None:
        self._round, self._clock, self._ended = Round(), DatabaseClock(), SimpleQueue[threading.Thread]()

    def turn(self) -> bool:
        """Whether anything was taken."""
        room = THREADS - len(_reviewing)
        if room <= 0:
            self._hear()
            return True
        with engine_scope():
            self._clock.synchronise()
            found = self._round.take(room)
        for taken in found:
            self._give(taken)
        return bool(found)

    def _give(self, taken: Taken) -> None:
        """A daemon: nothing is lost with it, the lease says when the review is taken again."""
        thread = threading.Thread(target=self._carry, args=(taken,), name=f"review-{taken.id}", daemon=True)
        _reviewing[thread] = taken
        thread.start()

    def _carry(self, taken: Taken) -> None:
        try:
            reviewing.carry(taken, self._clock)
        finally:
            _reviewing.pop(threading.current_thread(), None)
            self._ended.put(threading.current_thread())

    def _hear(self) -> None:
        """Waits a moment until a place is free."""
        try:
            self._ended.get(timeout=WAIT_SECONDS)
        except Empty:
            return
