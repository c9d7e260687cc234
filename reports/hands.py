"""Threads that carry what was taken, for stands that take more meanwhile. A thread that waits for a slow peer outlives the stand that
gave it its work, and keeps its place.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Work = TypeVar("Work")


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
