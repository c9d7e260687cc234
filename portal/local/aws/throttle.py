"""The account's request budget: at most n accepted calls in any one second."""

from __future__ import annotations

import threading
import time
from collections import deque


class Throttle:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted: deque[float] = deque()
        self.refused = 0

    def admit(self, per_second: int) -> bool:
        now = time.monotonic()
        with self._lock:
            while self._accepted and self._accepted[0] <= now - 1:
                self._accepted.popleft()
            if len(self._accepted) >= per_second:
                self.refused += 1
                return False
            self._accepted.append(now)
            return True

    def clear(self) -> None:
        with self._lock:
            self._accepted.clear()
            self.refused = 0
