"""Threads that carry what was taken, for stands that take more meanwhile. A thread that waits for a slow peer outlives the stand that
gave it its work, and keeps its place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, ClassVar, Generic, TypeVar

from reports.engine.clock import DatabaseClock
from tenants.scope import engine_scope

Work = TypeVar("Work")
WAIT_SECONDS = 0.5


class Hands(Generic[Work]):
    """Of one process, `most` at once."""

    def __init__(self, name: str, most: int) -> None:
        self.name, self.most = name, most
        self._busy: dict[threading.Thread, Work] = {}
        self._freed = threading.Event()

    @property
    def free(self) -> int:
        return self.most - len(self._busy)

    def carried(self) -> list[Work]:
        return list(self._busy.values())

    def give(self, work: Work, carry: Callable[[Work], None]) -> None:
        """Not a daemon: a process that ends in order waits for what is on the wire, which would else be sent again."""
        thread = threading.Thread(target=self._carry, args=(work, carry), name=self.name)
        self._busy[thread] = work
        thread.start()

    def wait(self, seconds: float) -> None:
        """Until a place becomes free, or became so since the last time; a moment at most."""
        self._freed.wait(seconds)
        self._freed.clear()

    def _carry(self, work: Work, carry: Callable[[Work], None]) -> None:
        try:
            carry(work)
        finally:
            self._busy.pop(threading.current_thread(), None)
            self._freed.set()


class Giver(Generic[Work]):
    """Stands by: each turn takes what is due, as much as there are hands free, and gives it to them."""

    hands: ClassVar[Hands[Any]]

    def __init__(self) -> None:
        self._clock = DatabaseClock()

    def take(self) -> list[Work]:
        """What is due, leased. In the engine's scope."""
        raise NotImplementedError

    def carry(self, work: Work) -> None:
        """In a thread of its own, outside any scope. Never raises."""
        raise NotImplementedError

    def turn(self) -> bool:
        """Whether anything was taken, or no hand is free."""
        if self.hands.free <= 0:
            self.hands.wait(WAIT_SECONDS)
            return True
        with engine_scope():
            self._clock.synchronise()
            found = self.take()
        for work in found:
            self.hands.give(work, self.carry)
        return bool(found)
