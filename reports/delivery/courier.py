"""The courier: takes what is due to go out and has it carried, a few at a time. It stands by, see reports/standing.py."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue

from reports.delivery import budget, carrying, email_url
from reports.delivery.email_url import EmailSetup
from reports.delivery.taking import Lease, Round
from reports.engine.clock import DatabaseClock
from reports.models import Delivery, Notice, Pause
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
THREADS = 8
# Somebody waits at a page for a code, so notices go first; but never in all the places.
MOST_NOTICES = 6
WAIT_SECONDS = 0.5
# Of this process. A thread that waits for a slow server outlives the courier that gave it its message, and keeps its place.
_carrying: dict[threading.Thread, Lease] = {}


def courier() -> Callable[[], bool]:
    return Courier().turn


class Courier:
    def __init__(self) -> None:
        self._notices, self._deliveries = Round(Notice), Round(Delivery)
        self._clock, self._ended = DatabaseClock(), SimpleQueue[threading.Thread]()

    def turn(self) -> bool:
        """Whether anything was taken, or all places are taken."""
        setup = email_url.setup()
        if setup is None:
            # The rows wait; the doctor says so, and pages do.
            return False
        self._hear()
        leases = self._take(setup)
        for lease in leases:
            self._give(lease, setup)
        if leases and self._room(setup) <= 0:
            self._hear(WAIT_SECONDS)
        return bool(leases)

    def _take(self, setup: EmailSetup) -> list[Lease]:
        room = self._room(setup)
        if room <= 0:
            return []
        with engine_scope():
            self._clock.synchronise()
            if Pause.objects.filter(kind=Pause.Kind.DELIVERY, tenant=None).exists():
                return []
            state = budget.state(setup)
            if state.rests or (state.probes and _carrying):
                return []
            room = 1 if state.probes else room
            busy = sum(lease.model is Notice for lease in _carrying.values())
            taken = self._notices.take(max(0, min(room, MOST_NOTICES - busy)))
            return taken + self._deliveries.take(room - len(taken))

    def _give(self, lease: Lease, setup: EmailSetup) -> None:
        """Not a daemon: a process that ends in order waits for what is on the wire, which would else be sent again."""
        thread = threading.Thread(target=self._carry, args=(lease, setup), name=f"courier-{lease.id}")
        _carrying[thread] = lease
        thread.start()

    def _carry(self, lease: Lease, setup: EmailSetup) -> None:
        try:
            carrying.carry(lease, setup, self._clock)
        finally:
            _carrying.pop(threading.current_thread(), None)
            self._ended.put(threading.current_thread())

    def _hear(self, seconds: float = 0) -> None:
        """Waits until a place is free, and takes note of those that became so."""
        try:
            self._ended.get(timeout=seconds or None, block=bool(seconds))
        except Empty:
            return

    def _room(self, setup: EmailSetup) -> int:
        """No more places than mails a second: who waits for a turn should not hold a lease meanwhile."""
        return min(THREADS, math.ceil(setup.rate)) - len(_carrying)
