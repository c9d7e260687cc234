"""The time by which jobs end and links expire; tests may move it forward."""

from __future__ import annotations

import time


class Clock:
    def __init__(self) -> None:
        self._moves: list[tuple[float, float]] = []  # (when by the real clock, by so many seconds)

    def now(self) -> float:
        """Epoch seconds."""
        return self.told(time.time())

    def told(self, moment: float) -> float:
        """What this clock said at a real `moment`: clients date what they sign by the real one, and it has to expire by this one."""
        return moment + sum(seconds for when, seconds in self._moves if when <= moment)

    def advance(self, seconds: float) -> None:
        self._moves.append((time.time(), seconds))

    def reset(self) -> None:
        self._moves.clear()
