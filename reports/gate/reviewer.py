"""The reviewer: takes the reviews that are due and has each one seen to in a thread of its own. It stands by, see reports/standing.py."""

from __future__ import annotations

from collections.abc import Callable

from reports.due import Taken
from reports.engine.clock import DatabaseClock
from reports.gate import reviewing
from reports.gate.taking import Round
from reports.hands import Hands
from tenants.scope import engine_scope

# Each has a process look into its files, which keeps a core busy.
HANDS = Hands[Taken]("review", 4)
WAIT_SECONDS = 0.5


def reviewer() -> Callable[[], bool]:
    return Reviewer().turn


class Reviewer:
    def __init__(self) -> None:
        self._round, self._clock = Round(), DatabaseClock()

    def turn(self) -> bool:
        """Whether anything was taken."""
        if HANDS.free <= 0:
            HANDS.wait(WAIT_SECONDS)
            return True
        with engine_scope():
            self._clock.synchronise()
            found = self._round.take(HANDS.free)
        for taken in found:
            HANDS.give(taken, lambda taken: reviewing.carry(taken, self._clock))
        return bool(found)
