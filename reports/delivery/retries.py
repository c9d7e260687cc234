"""When a message is tried again. The last try is about four hours after the first; then it failed for good."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

MINUTES = (1, 5, 15, 30, 60, 120)
MOST_TRIES = len(MINUTES) + 1
JITTER = 0.2


def next_try_at(tries: int, now: datetime) -> datetime | None:
    """After so many tries; None: that was the last one. With jitter, so that what failed together does not come back together."""
    if tries >= MOST_TRIES:
        return None
    minutes = MINUTES[max(tries, 1) - 1]
    return now + timedelta(minutes=minutes * random.uniform(1 - JITTER, 1 + JITTER))
