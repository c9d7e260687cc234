"""When a message is tried again. Of a mail the last try is about four hours after the first, of files for a destination about three days:
a person reads mail when it comes, and a server's operator may be back on Monday. Then it failed for good.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

MINUTES = (1, 5, 15, 30, 60, 120)
MOST_TRIES = len(MINUTES) + 1
TO_DESTINATIONS = (1, 5, 15, 60, 180, 360, 720, 1440, 1440)
JITTER = 0.2


def next_try_at(tries: int, now: datetime, waits: tuple[int, ...] = MINUTES) -> datetime | None:
    """After so many tries, with `waits` between them in minutes; None: that was the last one.

    With jitter, so that what failed together does not come back together.
    """
    if tries > len(waits):
        return None
    minutes = waits[max(tries, 1) - 1]
    return now + timedelta(minutes=minutes * random.uniform(1 - JITTER, 1 + JITTER))
