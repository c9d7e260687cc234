"""The sender: takes what is due and has it posted, each message in a thread of its own. It stands by, see reports/standing.py."""

from __future__ import annotations

from collections.abc import Callable

from reports.due import Taken
from reports.hands import Giver, Hands
from reports.webhooks import sending
from reports.webhooks.taking import Round

# A thread waits for its receiver and does little else. Of a company there are few at once, see taking.py.
HANDS = Hands[Taken]("webhook", 24)


def sender() -> Callable[[], bool]:
    return Sender().turn


class Sender(Giver[Taken]):
    hands = HANDS

    def __init__(self) -> None:
        super().__init__()
        self._round = Round()

    def take(self) -> list[Taken]:
        return self._round.take(HANDS.free, [taken.tenant_id for taken in HANDS.carried()])

    def carry(self, work: Taken) -> None:
        sending.carry(work, self._clock)
