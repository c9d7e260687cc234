"""What becomes of a quota if things go on as they did so far: plain arithmetic, said as such on pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from reports.models import DailyUsage

# Before so much of a day or a month has passed, its pace says nothing.
LEAST = timedelta(hours=2)
# Storage that fills up later than that fills up at some time.
FAR = timedelta(days=90)


def at_the_end(used: int, begins: datetime, ends: datetime, now: datetime) -> int | None:
    """How many there are then; None: too early to tell."""
    if now - begins < LEAST or now >= ends:
        return None
    return round(used * ((ends - begins) / (now - begins)))


def reached_at(used: int, limit: int, begins: datetime, now: datetime) -> datetime | None:
    """When there are as many as the limit; None: too early to tell, or there is nothing to go by."""
    if now - begins < LEAST or not used:
        return None
    return begins + (now - begins) * (limit / used)


def full_on(days: Sequence[DailyUsage], limit: int) -> date | None:
    """The day on which so many bytes are stored, by what came on the days since the first that was counted; None: in no time near."""
    counted = [day for day in days if day.recounted_at]
    if len(counted) < 2:
        return None
    first, last = counted[0], counted[-1]
    grown = last.stored_bytes - first.stored_bytes
    if grown <= 0 or last.stored_bytes >= limit:
        return None
    left = (last.day - first.day) * ((limit - last.stored_bytes) / grown)
    return last.day + left if left < FAR else None
