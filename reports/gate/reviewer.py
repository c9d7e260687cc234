"""The reviewer: takes the reviews that are due and has each one seen to in a thread of its own. It stands by, see reports/standing.py."""

from __future__ import annotations

from collections.abc import Callable

from reports.due import Taken
from reports.gate import reviewing
from reports.gate.taking import Round
from reports.hands import Giver, Hands

# Each has a process look into its files, which keeps a core busy.
HANDS = Hands[Taken]("review", 4)


def reviewer() -> Callable[[], bool]:
    return Reviewer().turn


class Reviewer(Giver[Taken]):
    hands = HANDS

    def __init__(self) -> None:
        super().__init__()
        self._round = Round()

    def take(self) -> list[Taken]:
        return self._round.take(HANDS.free)

    def carry(self, work: Taken) -> None:
        reviewing.carry(work, self._clock)
