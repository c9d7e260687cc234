"""Long-polls: a request that is answered when there is news, instead of the same question every second.

A waiting request keeps a thread of the web server and nothing else: between two looks it has no connection to the database. Who finds no
place is answered at once, and so is everybody when the process is told to stop.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from django.db import connection

T = TypeVar("T")
# Load balancers and clients commonly give up after 30 s, and the process has 25 s to end its requests.
MOST_SECONDS = 25
# Most news of a job comes in its first seconds.
FIRST_REST, REST = 0.5, 1.0


@dataclass
class Room:
    """How many may wait at once in this process: half of its threads, so that pages and other calls always find one.

    `is_ending`: whether the process was told to stop.
    """

    most: int = 2
    most_of_one: int = 4
    is_ending: Callable[[], bool] = lambda: False
    _waiting: Counter[UUID] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def place(self, whose: UUID) -> Iterator[bool]:
        """Whether there is one for this caller."""
        with self._lock:
            taken = self._waiting.total() < self.most and self._waiting[whose] < self.most_of_one
            self._waiting[whose] += taken
        try:
            yield taken
        finally:
            with self._lock:
                self._waiting[whose] -= taken
                # Of callers who do not wait nothing is kept.
                self._waiting += Counter()


# portal/gunicorn.py says how large it is.
ROOM = Room()


def rest(seconds: float) -> None:
    """Without a connection: as many as wait would be open all the time."""
    connection.close()
    time.sleep(seconds)


def wait_for_news(
    look: Callable[[], T],
    is_news: Callable[[T], bool],
    seconds: float,
    whose: UUID,
    *,
    room: Room = ROOM,
    rest: Callable[[float], None] = rest,
    clock: Callable[[], float] = time.monotonic,
) -> T:
    """What the last look saw: news, or what is there after `seconds`, or at once where nobody may wait.

    `look` opens and leaves its own scope; this runs outside any.
    """
    until = clock() + min(seconds, MOST_SECONDS)
    seen = look()
    if is_news(seen) or seconds <= 0:
        return seen
    with room.place(whose) as has_place:
        pause = FIRST_REST
        while has_place and not room.is_ending() and (left := until - clock()) > 0:
            rest(min(pause, left))
            pause = REST
            seen = look()
            if is_news(seen):
                break
    return seen
