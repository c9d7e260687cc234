"""When a message is tried again. The last try is a little more than three days after the first; then it is dead until it is replayed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

WAITS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
MOST_TRIES = len(WAITS) + 1
JITTER = 0.1
# However much later a receiver asks to be tried.
LONGEST = timedelta(hours=24)


def next_try_at(tries: int, now: datetime, retry_after: float | None = None) -> datetime | None:
    """After so many tries; None: that was the last one. `retry_after`, the receiver's wish in seconds, can only delay it."""
    if tries >= MOST_TRIES:
        return None
    wait = WAITS[max(tries, 1) - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    return now + min(max(wait, timedelta(seconds=retry_after or 0)), max(wait, LONGEST))
