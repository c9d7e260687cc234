"""How often a schedule runs, in words and as the fields of a form; cron is what is stored. What has no words stays a cron expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from cronsim import CronSim, CronSimError
from django.db.models import TextChoices
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from reports.scheduling import SEARCH_FROM, expression

# Others would not come out even at midnight.
HOURS = (1, 2, 3, 4, 6, 8, 12)
MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)
LAST_DAY, LAST_WEEKDAY = "L", "LW"
ON = {
    1: gettext_lazy("Mondays"),
    2: gettext_lazy("Tuesdays"),
    3: gettext_lazy("Wednesdays"),
    4: gettext_lazy("Thursdays"),
    5: gettext_lazy("Fridays"),
    6: gettext_lazy("Saturdays"),
    7: gettext_lazy("Sundays"),
}
ORDINALS = {
    "#1": gettext_lazy("First %(weekday)s"),
    "#2": gettext_lazy("Second %(weekday)s"),
    "#3": gettext_lazy("Third %(weekday)s"),
    "#4": gettext_lazy("Fourth %(weekday)s"),
    "#5": gettext_lazy("Fifth %(weekday)s"),
    "L": gettext_lazy("Last %(weekday)s"),
}
EVERY_MONTH_HAS = 28
EVERY_MINUTE = "* * * * *"


class Kind(TextChoices):
    HOURLY = "hourly", gettext_lazy("Hourly")
    DAILY = "daily", gettext_lazy("Daily")
    WEEKDAYS = "weekdays", gettext_lazy("Weekdays")
    WEEKLY = "weekly", gettext_lazy("Weekly")
    MONTHLY = "monthly", gettext_lazy("Monthly")
    CRON = "cron", gettext_lazy("Cron")


@dataclass(frozen=True)
class Cadence:
    """`at` is the time of day; with `every_hours`, the first time of the day (of each hour: only its minute counts).

    `weekdays`: 1 is Monday, 7 Sunday. `day` of the month is as in cron: 1 to 31, L, LW, 1#2 (second Monday) or 5L (last Friday).
    """

    kind: str
    at: time = time(6)
    every_hours: int = 1
    weekdays: tuple[int, ...] = (1,)
    day: str = "1"
    cron: str = ""

    @classmethod
    def from_cron(cls, cron: str) -> Cadence:
        """Of any text; what is no cron expression is of the kind cron too."""
        return _read(cron) or cls(Kind.CRON, cron=cron.strip())

    def to_cron(self) -> str:
        minute, hour = self.at.minute, self.at.hour
        match self.kind:
            case Kind.HOURLY if self.every_hours == 1:
                return f"{minute} * * * *"
            case Kind.HOURLY:
                start = hour % self.every_hours
                return f"{minute} {start or '*'}/{self.every_hours} * * *"
            case Kind.DAILY:
                return f"{minute} {hour} * * *"
            case Kind.WEEKDAYS:
                return f"{minute} {hour} * * 1-5"
            case Kind.WEEKLY:
                return f"{minute} {hour} * * {','.join(str(day) for day in sorted(self.weekdays))}"
            case Kind.MONTHLY if self.day.isdecimal() or self.day in (LAST_DAY, LAST_WEEKDAY):
                return f"{minute} {hour} {self.day} * *"
            case Kind.MONTHLY:
                return f"{minute} {hour} * * {self.day}"
        return self.cron

    def __str__(self) -> str:
        """`Every weekday at 07:30`; fit for the beginning of a sentence."""
        words = {"time": f"{self.at:%H:%M}", "minute": f"{self.at.minute:02}", "hours": self.every_hours, "cron": self.cron}
        match self.kind:
            case Kind.HOURLY if self.every_hours == 1:
                return (_("Every hour, %(minute)s minutes past") if self.at.minute else _("Every hour")) % words
            case Kind.HOURLY:
                return _("Every %(hours)d hours from %(time)s") % words
            case Kind.DAILY:
                return _("Every day at %(time)s") % words
            case Kind.WEEKDAYS:
                return _("Every weekday at %(time)s") % words
            case Kind.WEEKLY:
                return _("%(days)s at %(time)s") % (words | {"days": _and([str(ON[day]) for day in _in_a_row(self.weekdays)])})
            case Kind.MONTHLY:
                return _monthly(self.day) % (words | {"day": day_name(self.day)})
        return _("Every minute") if self.cron == EVERY_MINUTE else _("Cron %(cron)s") % words


def describe(cron: str) -> str:
    return str(Cadence.from_cron(cron))


def day_choices() -> list[tuple[str, str]]:
    """Values of `Cadence.day` with their words, for a form."""
    tokens = [*(str(day) for day in range(1, 32)), LAST_DAY, LAST_WEEKDAY]
    tokens += [f"{weekday}{which}" for which in ORDINALS if which != "#5" for weekday in ON]
    return [(token, day_name(token)) for token in tokens]


def day_name(day: str) -> str:
    """`Day 28`, `Last day`, `First Monday`"""
    if day.isdecimal():
        return _("Day %(number)s") % {"number": day}
    if day == LAST_DAY:
        return _("Last day")
    if day == LAST_WEEKDAY:
        return _("Last weekday")
    return ORDINALS[day[1:]] % {"weekday": WEEKDAYS[int(day[0]) - 1]}


def _monthly(day: str) -> str:
    """Cron leaves out the months that do not have the day."""
    if day.endswith("#5") or (day.isdecimal() and int(day) > EVERY_MONTH_HAS):
        return _("%(day)s of each month that has one, at %(time)s")
    return _("%(day)s of each month at %(time)s")


def _and(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return _("%(names)s and %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}


def _in_a_row(weekdays: Sequence[int]) -> list[int]:
    """Beginning after the longest pause: Sundays and Mondays, and not the week between them."""
    start = max(sorted(weekdays), key=lambda day: min((day - other) % 7 or 7 for other in weekdays))
    return sorted(weekdays, key=lambda day: (day - start) % 7)


def _read(cron: str) -> Cadence | None:
    """None: no kind of cadence says this."""
    fields = expression(cron).upper().split()
    try:
        read = CronSim(" ".join(fields), SEARCH_FROM)
    except CronSimError:
        return None
    if len(fields) != 5 or fields[3] != "*" or len(read.minutes) != 1:
        return None
    (minute,) = read.minutes
    if fields[2:] == ["*", "*", "*"] and (every := _every_hours(read.hours)):
        return Cadence(Kind.HOURLY, time(0 if every == 1 else min(read.hours), minute), every)
    if len(read.hours) != 1:
        return None
    at = time(min(read.hours), minute)
    if fields[4] == "*":
        return _on_days(at, fields[2])
    return _on_weekdays(at, read.weekdays) if fields[2] == "*" else None


def _every_hours(hours: set[int]) -> int | None:
    return next((every for every in HOURS if hours == set(range(min(hours), 24, every)) and min(hours) < every), None)


def _on_days(at: time, day: str) -> Cadence | None:
    if day == "*":
        return Cadence(Kind.DAILY, at)
    if day in (LAST_DAY, LAST_WEEKDAY):
        return Cadence(Kind.MONTHLY, at, day=day)
    return Cadence(Kind.MONTHLY, at, day=str(int(day))) if day.isdecimal() else None


def _on_weekdays(at: time, weekdays: set[int | tuple[int, int]]) -> Cadence | None:
    plain = tuple(sorted({day or 7 for day in weekdays if isinstance(day, int)}))
    special = [day for day in weekdays if not isinstance(day, int)]
    if plain and not special:
        if len(plain) == len(ON):
            return Cadence(Kind.DAILY, at)
        return Cadence(Kind.WEEKDAYS, at) if plain == MONDAY_TO_FRIDAY else Cadence(Kind.WEEKLY, at, weekdays=plain)
    if len(special) == 1 and not plain:
        weekday, which = special[0]
        return Cadence(Kind.MONTHLY, at, day=f"{weekday or 7}{'L' if which == CronSim.LAST else f'#{which}'}")
    return None
