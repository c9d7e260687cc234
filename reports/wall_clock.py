"""From what a wall clock shows to instants: where clocks are put forward a time is missing, where they are put back it comes twice.

cronsim is asked on a clock that never changes, and only here is the zone looked at. Its own ways with zones fit changes of whole hours;
where clocks move by half an hour (Lord Howe), or where midnight is missing (Cairo), it leaves runs out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

Planned = tuple[datetime, datetime]  # what the wall clock shows, without a zone; the instant in UTC
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def shown(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def is_missing(wall: datetime, zone: ZoneInfo) -> bool:
    return shown(wall.replace(tzinfo=zone).astimezone(UTC), zone) != wall


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first of two; for a time that is missing, the first whole minute that is there again."""
    while is_missing(wall, zone):
        wall += MINUTE
    return wall.replace(tzinfo=zone).astimezone(UTC)


def second_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The same as the first, unless the time comes twice."""
    return wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


def comes_twice(wall: datetime, zone: ZoneInfo) -> bool:
    return not is_missing(wall, zone) and first_instant(wall, zone) != second_instant(wall, zone)


def once(walls: Iterable[datetime], zone: ZoneInfo, after: datetime) -> Iterator[Planned]:
    """Each wall-clock time at one instant after `after`. Several that are missing come down to the same instant, which is given once."""
    for wall in walls:
        at = first_instant(wall, zone)
        if at > after:
            yield wall, at
            after = at


def each_time(walls: Iterable[datetime], zone: ZoneInfo, after: datetime) -> Iterator[Planned]:
    """Whenever the clock shows one of the times: twice where it comes twice, never where it is missing."""
    again: deque[Planned] = deque()
    for wall in walls:
        if is_missing(wall, zone):
            continue
        first, second = first_instant(wall, zone), second_instant(wall, zone)
        while again and again[0][1] < first:
            yield again.popleft()
        if first > after:
            yield wall, first
        if second > max(first, after):
            again.append((wall, second))
    yield from again


def back_by(after: datetime, zone: ZoneInfo) -> timedelta:
    """How far clocks are put back within the next day: so much of what they show now will be shown again."""
    return max(shown(after, zone) + DAY - shown(after + DAY, zone), timedelta())
