"""The time by which jobs end and links expire; tests may move it forward."""

from __future__ import annotations

import time


class Clock:
    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Epoch seconds."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds

    def reset(self) -> None:
        self._ahead = 0.0
