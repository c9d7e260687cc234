"""The sender: takes what is due and has it posted, each message in a thread of its own. It stands by, see reports/standing.py."""

from __future__ import annotations

from collections.abc import Callable

from reports.due import Taken
from reports.engine.clock import DatabaseClock
from reports.hands import Hands
from reports.webhooks import sending
from reports.webhooks.taking import Round
from tenants.scope import engine_scope

# A thread waits for its receiver and does little else. Of a company there are few at once, see taking.py.
HANDS = Hands[Taken]("webhook", 24)
WAIT_SECONDS = 0.5


def sender() -> Callable[[], bool]:
    return Sender().turn


class Sender:
    def __init__(self) -> None:
        self._round, self._clock = Round(), DatabaseClock()

    def turn(self) -> bool:
        """Whether anything was taken."""
        if HANDS.free <= 0:
            HANDS.wait(WAIT_SECONDS)
            return True
        with engine_scope():
            self._clock.synchronise()
            found = self._round.take(HANDS.free, [taken.tenant_id for taken in HANDS.carried()])
        for taken in found:
            HANDS.give(taken, lambda taken: sending.carry(taken, self._clock))
        return bool(found)
