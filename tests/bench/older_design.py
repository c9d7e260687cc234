"""How long the same jobs take by the rules of the design that the older API was written for. Computed, not measured: its code is not here.

A function runs each minute, notes which jobs have ended, and starts as many as fit under its limit, which is five. The calls it makes are
counted as taking no time, which flatters it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

AT_ONCE, EVERY_SECONDS = 5, 60.0


def makespan(seconds: Iterable[float], at_once: int = AT_ONCE) -> float:
    waiting, now, last = deque(seconds), 0.0, 0.0
    running: list[float] = []  # their ends
    while waiting:
        running = [end for end in running if end > now]
        while waiting and len(running) < at_once:
            running.append(now + waiting.popleft())
        last = max(last, *running)
        now += EVERY_SECONDS
    return last
