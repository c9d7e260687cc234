"""The courier: takes what is due to go out and has it carried, a few at a time. It stands by, see reports/standing.py."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from reports.delivery import budget, carrying, email_url
from reports.delivery.email_url import EmailSetup
from reports.delivery.taking import Lease, Round
from reports.engine.clock import DatabaseClock
from reports.hands import Hands
from reports.models import Delivery, Notice, Pause
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
THREADS = 8
# Somebody waits at a page for a code, so notices go first; but never in all the places.
MOST_NOTICES = 6
WAIT_SECONDS = 0.5
HANDS = Hands[Lease]("courier", THREADS)


def courier() -> Callable[[], bool]:
    return Courier().turn


class Courier:
    def __init__(self) -> None:
        self._notices, self._deliveries = Round(Notice), Round(Delivery)
        self._clock = DatabaseClock()

    def turn(self) -> bool:
        """Whether anything was taken, or all places are taken."""
        setup = email_url.setup()
        if setup is None:
            # The rows wait; the doctor says so, and pages do.
            return False
        leases = self._take(setup)
        for lease in leases:
            HANDS.give(lease, lambda lease: carrying.carry(lease, setup, self._clock))
        if leases and self._room(setup) <= 0:
            HANDS.wait(WAIT_SECONDS)
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
            if state.rests or (state.probes and HANDS.carried()):
                return []
            room = 1 if state.probes else room
            busy = sum(lease.model is Notice for lease in HANDS.carried())
            taken = self._notices.take(max(0, min(room, MOST_NOTICES - busy)))
            return taken + self._deliveries.take(room - len(taken))

    def _room(self, setup: EmailSetup) -> int:
        """No more places than mails a second: who waits for a turn should not hold a lease meanwhile."""
        return min(THREADS, math.ceil(setup.rate)) - len(HANDS.carried())
