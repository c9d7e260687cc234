"""The sender: takes what is due and has it posted, each message in a thread of its own. It stands by, see reports/standing.py."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from reports.due import Taken
from reports.engine.clock import DatabaseClock
from reports.webhooks import sending
from reports.webhooks.taking import Round
from tenants.scope import engine_scope

# A thread waits for its receiver and does little else. Of a company there are few at once, see taking.py.
THREADS = 24
WAIT_SECONDS = 0.5
# Of this process. A thread that waits for a slow receiver outlives the sender that gave it its message, and keeps its place.
_posting: dict[threading.Thread, Taken] = {}


def sender() -> Callable[[], bool]:
    return Sender().turn


class Sender:
    def __init__(self) -> None:
        self._round, self._clock, self._ended = Round(), DatabaseClock(), SimpleQueue[threading.Thread]()

    def turn(self) -> bool:
        """Whether anything was taken."""
        room = THREADS - len(_posting)
        if room <= 0:
            self._hear()
            return True
        with engine_scope():
            self._clock.synchronise()
            found = self._round.take(room, [taken.tenant_id for taken in list(_posting.values())])
        for taken in found:
            self._give(taken)
        return bool(found)

    def _give(self, taken: Taken) -> None:
        """Not a daemon: a process that ends in order waits for what is on the wire, which would else be sent again."""
        thread = threading.Thread(target=self._carry, args=(taken,), name=f"webhook-{taken.id}")
        _posting[thread] = taken
        thread.start()

    def _carry(self, taken: Taken) -> None:
        try:
            sending.carry(taken, self._clock)
        finally:
            _posting.pop(threading.current_thread(), None)
            self._ended.put(threading.current_thread())

    def _hear(self) -> None:
        """Waits a moment until a place is free."""
        try:
            self._ended.get(timeout=WAIT_SECONDS)
        except Empty:
            return
