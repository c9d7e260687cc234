"""When files that S3 did not give are asked for again. After the last try their job is held, for somebody to look."""

from __future__ import annotations

from datetime import datetime, timedelta

WAITS = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
MOST_TRIES = len(WAITS) + 1


def next_try_at(tries: int, now: datetime) -> datetime | None:
    """After so many tries; None: that was the last one."""
    return None if tries >= MOST_TRIES else now + WAITS[max(tries, 1) - 1]
