"""Around every change of clocks in three years, in every IANA zone: no run is lost, doubled, or at a time that does not exist.

The expected instants are worked out without cronsim and without our code: the zone's clock is read minute by minute with zoneinfo, and the
cron is given a second time, as sets of minutes and hours and a rule for days.
"""

from __future__ import annotations

import zoneinfo
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from reports.models import Schedule
from reports.scheduling import due_between, next_run

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2029, 1, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AROUND = 3 * DAY
EVERY_HOUR = set(range(24))


@dataclass(frozen=True)
class Case:
    cron: str
    minutes: set[int]
    hours: set[int]
    fits: Callable[[date], bool] = field(default=lambda day: True)

    @property
    def every_hour(self) -> bool:
        return self.hours == EVERY_HOUR


CASES = [
    Case("30 2 * * *", {30}, {2}),
    Case("0 0 * * *", {0}, {0}),
    Case("30 1 * * 0", {30}, {1}, lambda day: day.isoweekday() == 7),
    Case("59 23 * * 6", {59}, {23}, lambda day: day.isoweekday() == 6),
    Case("15,45 0-3 * * *", {15, 45}, {0, 1, 2, 3}),
    Case("*/20 2 * * *", {0, 20, 40}, {2}),
    Case("10 */4 * * *", {10}, {0, 4, 8, 12, 16, 20}),
    Case("0 6 L * *", {0}, {6}, lambda day: (day + DAY).day == 1),
    Case("@hourly", {0}, EVERY_HOUR),
    Case("45 * * * *", {45}, EVERY_HOUR),
    Case("*/15 * * * 6,0", {0, 15, 30, 45}, EVERY_HOUR, lambda day: day.isoweekday() in (6, 7)),
    Case("7-59/13 * * * *", {7, 20, 33, 46, 59}, EVERY_HOUR),
]


@cache
def groups() -> dict[tuple, list[str]]:
    """Zones by what their clocks do in the three years: the offset at the start, and each change with the offset after it."""
    found: dict[tuple, list[str]] = defaultdict(list)
    for name in sorted(zoneinfo.available_timezones()):
        zone = ZoneInfo(name)
        found[START.astimezone(zone).utcoffset(), changes(zone)].append(name)
    return found


def changes(zone: ZoneInfo) -> tuple[tuple[datetime, timedelta], ...]:
    """(first minute with the new offset, the new offset)"""
    found = []
    day, before = START, START.astimezone(zone).utcoffset()
    while day < END:
        after = (day + DAY).astimezone(zone).utcoffset()
        if after != before:
            minutes = [day + n * MINUTE for n in range(24 * 60 + 1)]
            at = minutes[bisect_left(minutes, True, key=lambda at, before=before: at.astimezone(zone).utcoffset() != before)]
            found.append((at, after))
        day, before = day + DAY, after
    return tuple(found)


@dataclass
class Clock:
    """What a zone's clock shows from `start` to `end`, read minute by minute."""

    start: datetime
    end: datetime
    shows: dict[datetime, list[datetime]]

    @classmethod
    def read(cls, zone: ZoneInfo, middle: datetime) -> Clock:
        start, end = middle - AROUND, middle + AROUND
        shows = defaultdict(list)
        at = start
        while at <= end:
            shows[at.astimezone(zone).replace(tzinfo=None)].append(at)
            at += MINUTE
        return cls(start, end, shows)

    def planned(self, case: Case) -> list[datetime]:
        first, last = min(self.shows), max(self.shows)
        found = set()
        for days in range((last.date() - first.date()).days + 1):
            day = datetime.combine(first.date() + timedelta(days=days), datetime.min.time())
            if case.fits(day.date()):
                walls = (day + hour * HOUR + minute * MINUTE for hour in case.hours for minute in case.minutes)
                found |= {at for wall in walls if first <= wall <= last for at in self.instants(case, wall)}
        return sorted(at for at in found if self.start < at <= self.end)

    def instants(self, case: Case, wall: datetime) -> list[datetime]:
        if case.every_hour:
            return self.shows.get(wall, [])
        while wall not in self.shows:
            wall += MINUTE
        return self.shows[wall][:1]


def test_every_zone_there_is_belongs_to_one_of_the_groups():
    names = [name for group in groups().values() for name in group]

    assert sorted(names) == sorted(zoneinfo.available_timezones())
    assert len(names) > 590
    assert sum(len(group) for (_offset, when), group in groups().items() if when) > 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.cron)
def test_no_run_is_lost_or_doubled_or_at_a_time_that_does_not_exist(case):
    for middle, name, clock in clocks():
        plan = Schedule(cron=case.cron, timezone=name)

        expected = clock.planned(case)

        assert due_between(plan, clock.start, clock.end, limit=10_000) == expected, f"{name} around {middle}"
        assert one_by_one(plan, middle - 4 * HOUR, middle + 4 * HOUR) == [
            at for at in expected if middle - 4 * HOUR < at <= middle + 4 * HOUR
        ], f"{name} around {middle}"


@cache
def clocks() -> list[tuple[datetime, str, Clock]]:
    """One for each change of each group; a group without changes is looked at once."""
    return [
        (middle, names[0], Clock.read(ZoneInfo(names[0]), middle))
        for (_offset, when), names in groups().items()
        for middle in [at for at, _new in when] or [START + AROUND]
    ]


def one_by_one(plan: Schedule, start: datetime, end: datetime) -> list[datetime]:
    """As the engine goes from run to run, beginning anew at each."""
    found = []
    at = next_run(plan, start)
    while at is not None and at <= end:
        found.append(at)
        at = next_run(plan, at)
    return found


@pytest.mark.parametrize(
    ("cron", "timezone", "start", "runs"),
    [
        # A whole day that was never there; two hours at once; half an hour; midnight itself; a gap that ends the day before.
        ("0 9 30 12 *", "Pacific/Apia", "2011-12-29T12:00-10:00", ["2011-12-31T00:00+14:00", "2012-12-30T09:00+14:00"]),
        ("30 1 * * *", "Antarctica/Troll", "2027-03-28T00:00+00:00", ["2027-03-28T03:00+02:00", "2027-03-29T01:30+02:00"]),
        ("10 2 * * *", "Australia/Lord_Howe", "2026-10-04T00:00+10:30", ["2026-10-04T02:30+11:00", "2026-10-05T02:10+11:00"]),
        ("45 1 * * *", "Australia/Lord_Howe", "2027-04-04T00:00+11:00", ["2027-04-04T01:45+11:00", "2027-04-05T01:45+10:30"]),
        ("0 0 * * *", "Asia/Beirut", "2027-03-27T12:00+02:00", ["2027-03-28T01:00+03:00", "2027-03-29T00:00+03:00"]),
        ("0 */4 * * *", "Africa/Cairo", "2027-04-29T21:00+02:00", ["2027-04-30T01:00+03:00", "2027-04-30T04:00+03:00"]),
        ("30 0 * * *", "America/Havana", "2026-10-31T12:00-04:00", ["2026-11-01T00:30-04:00", "2026-11-02T00:30-05:00"]),
        ("30 2 * * *", "America/St_Johns", "2027-03-14T00:00-03:30", ["2027-03-14T03:00-02:30", "2027-03-15T02:30-02:30"]),
        ("30 23 * * 6", "America/Nuuk", "2027-03-27T12:00-02:00", ["2027-03-28T00:00-01:00", "2027-04-03T23:30-01:00"]),
        ("0,15,30 2 * * *", "Europe/Berlin", "2027-03-28T00:00+01:00", ["2027-03-28T03:00+02:00", "2027-03-29T02:00+02:00"]),
    ],
)
def test_known_nights(cron, timezone, start, runs):
    plan = Schedule(cron=cron, timezone=timezone)

    first = next_run(plan, datetime.fromisoformat(start))

    assert [first, next_run(plan, first)] == [datetime.fromisoformat(run) for run in runs]


def test_a_run_that_was_planned_for_the_last_day_is_kept_when_its_hour_is_missing():
    """In Nuuk the missing hour is the last of a Saturday: what was planned in it runs on Sunday, and belongs to Saturday."""
    saturdays = Schedule(cron="30 23 * * *", timezone="America/Nuuk", ends_on=date(2027, 3, 27))

    assert next_run(saturdays, datetime(2027, 3, 27, 12, tzinfo=UTC)) == datetime.fromisoformat("2027-03-28T00:00-01:00")


def test_years_of_minutes_are_worked_off_in_pieces():
    every_minute = Schedule(cron="* * * * *", timezone="Australia/Lord_Howe")

    piece = due_between(every_minute, START, END, limit=500)

    assert (len(piece), piece[-1]) == (500, START + 500 * MINUTE)
