"""Work that stands by: one process of the installation does it, turn after turn, until its window ends and another one takes over.

All truth is in the tables, and each turn looks there; no message has to arrive for work to be found. A message only starts a stand, and
may be lost or doubled: a lock lets one in, and whoever is dead is replaced within seconds (`reports.tasks.replace_dead`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

from django.db import InterfaceError, OperationalError, connection

from reports import tallies
from reports.engine.only_one import only_one
from reports.engine.process import STAND, beat, doing, stopping
from reports.models import Process

LOCK_CLASS = 7204
WINDOW_SECONDS = 50.0
IDLE_SECONDS = 0.5
BEAT_SECONDS = 1.0
RECONNECT_SECONDS = 1.0
# Without a beat for this long it counts as dead. A turn has to be shorter.
BEAT_LATE = timedelta(seconds=10)


def stand(name: str, number: int, turn: Callable[[], bool], *, window: float = WINDOW_SECONDS) -> str:
    """Call `turn` again and again; it returns whether there was work. Returns why it ended: busy, window or stop.

    `number` tells its lock from those of other stands. `turn` runs outside any scope and takes a few seconds at most.
    """
    end = time.monotonic() + window
    while True:
        try:
            return _one_stand(name, number, turn, end)
        except (OperationalError, InterfaceError):
            # The database was away: begin anew as long as the window lasts, then the watchdog sends for another.
            if time.monotonic() > end:
                raise
            connection.close()
            time.sleep(RECONNECT_SECONDS)


def _one_stand(name: str, number: int, turn: Callable[[], bool], end: float) -> str:
    if stopping():
        return "stop"
    with only_one(LOCK_CLASS, number, name) as mine:
        if not mine:
            return "busy"
        # Signed off at the end: whoever looks does not wait for a late beat.
        with doing(f"{STAND}{name}"):
            beat_at = time.monotonic() + BEAT_SECONDS
            while not stopping():
                if time.monotonic() > beat_at:
                    beat(f"{STAND}{name}")
                    beat_at = time.monotonic() + BEAT_SECONDS
                has_worked = turn()
                tallies.flush_if_due()
                if time.monotonic() > end:
                    return "window"
                if not has_worked:
                    time.sleep(IDLE_SECONDS)
            return "stop"


def together(*turns: Callable[[], bool]) -> Callable[[], bool]:
    """One after the other in a place; whether any of them had work."""
    return lambda: any([turn() for turn in turns])


def dead(names: list[str]) -> list[str]:
    """Those of the names that nobody does just now."""
    alive = Process.objects.working_within(BEAT_LATE).values_list("doing", flat=True)
    return sorted(set(names) - {doing.removeprefix(STAND) for doing in alive})
