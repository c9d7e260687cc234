"""Periods that move with the calendar, such as yesterday: what a parameter's relative value means on the day that a report runs.

A value looks like `{"relative": "previous_month", "part": "end"}`. `part` picks a day of the period: `start` (without it), `end`, or
`end_exclusive`, the day after it. `n` belongs to the last_n periods; `format` turns the day into text, from YYYY MM DD Q WW and signs.
Weeks begin on Monday. The last n days or months are whole ones: today, or this month, is not among them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

DAY = timedelta(days=1)
MAX_N = 366
MAX_FORMAT = 40
DEFAULT_FORMAT = "YYYY-MM-DD"
START, END, AFTER_END = "start", "end", "end_exclusive"
NAMES = {
    "today": gettext_lazy("Today"),
    "yesterday": gettext_lazy("Yesterday"),
    "this_week": gettext_lazy("This week"),
    "previous_week": gettext_lazy("Previous week"),
    "month_to_date": gettext_lazy("Month to date"),
    "previous_month": gettext_lazy("Previous month"),
    "quarter_to_date": gettext_lazy("Quarter to date"),
    "previous_quarter": gettext_lazy("Previous quarter"),
    "year_to_date": gettext_lazy("Year to date"),
    "previous_year": gettext_lazy("Previous year"),
    "last_n_days": gettext_lazy("Last %(n)d days"),
    "last_n_months": gettext_lazy("Last %(n)d months"),
}
COUNTED = ("last_n_days", "last_n_months")
PARTS = {
    START: gettext_lazy("%(period)s, first day"),
    END: gettext_lazy("%(period)s, last day"),
    AFTER_END: gettext_lazy("%(period)s, the day after"),
}
TOKENS = re.compile("YYYY|MM|DD|WW|Q")


class BadPeriod(ValueError):
    """Not a relative value; the message is a sentence that goes on from the parameter's name."""


@dataclass(frozen=True)
class Relative:
    period: str
    part: str = START
    n: int = 0  # 0: the period is not a counted one
    format: str = ""  # empty: as YYYY-MM-DD, where text is wanted

    def day(self, at: datetime, zone: ZoneInfo) -> date:
        first, last = days_of(self.period, self.n, at.astimezone(zone).date())
        return {START: first, END: last, AFTER_END: last + DAY}[self.part]

    def start_of_day(self, at: datetime, zone: ZoneInfo) -> str:
        return datetime.combine(self.day(at, zone), time(), zone).isoformat()

    def text(self, at: datetime, zone: ZoneInfo) -> str:
        return _formatted(self.day(at, zone), self.format or DEFAULT_FORMAT)

    def __str__(self) -> str:
        """`Yesterday`, `Previous month, last day`"""
        name = str(NAMES[self.period]) % {"n": self.n}
        single = self.period in ("today", "yesterday") and self.part != AFTER_END
        return name if single or self.format else PARTS[self.part] % {"period": name}


def is_relative(value: Any) -> bool:
    return isinstance(value, Mapping)


def read(value: Mapping[str, Any]) -> Relative:
    """Raises BadPeriod."""
    unknown = value.keys() - {"relative", "part", "n", "format"}
    if unknown:
        raise BadPeriod(_("a relative period has no %(key)s.") % {"key": sorted(unknown)[0]})
    period, part, n, pattern = value.get("relative"), value.get("part", START), value.get("n"), value.get("format", "")
    if not isinstance(period, str) or period not in NAMES:
        raise BadPeriod(_("relative must be one of %(known)s.") % {"known": ", ".join(NAMES)})
    if not isinstance(part, str) or part not in PARTS:
        raise BadPeriod(_("part must be one of %(known)s.") % {"known": ", ".join(PARTS)})
    if period in COUNTED and (isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_N):
        raise BadPeriod(_("%(period)s needs n, a whole number from 1 to %(limit)d.") % {"period": period, "limit": MAX_N})
    if period not in COUNTED and n is not None:
        raise BadPeriod(_("%(period)s takes no n.") % {"period": period})
    if not isinstance(pattern, str) or len(pattern) > MAX_FORMAT or any(sign.isalpha() for sign in TOKENS.sub("", pattern)):
        raise BadPeriod(_("format must be made of YYYY, MM, DD, Q, WW and signs between them, such as YYYY-MM."))
    return Relative(period, part, n or 0, pattern)


def days_of(period: str, n: int, today: date) -> tuple[date, date]:
    """The first and the last day."""
    monday, first, quarter = today - today.weekday() * DAY, today.replace(day=1), _month_before(today, (today.month - 1) % 3)
    yesterday = today - DAY
    return {
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        "this_week": (monday, monday + 6 * DAY),
        "previous_week": (monday - 7 * DAY, monday - DAY),
        "month_to_date": (first, today),
        "previous_month": (_month_before(today, 1), first - DAY),
        "quarter_to_date": (quarter, today),
        "previous_quarter": (_month_before(quarter, 3), quarter - DAY),
        "year_to_date": (today.replace(month=1, day=1), today),
        "previous_year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "last_n_days": (today - n * DAY, yesterday),
        "last_n_months": (_month_before(today, n), first - DAY),
    }[period]


def describe(value: Any) -> str:
    """A relative value in words; one that is no longer understood as it stands."""
    try:
        return str(read(value))
    except BadPeriod:
        return str(value)


def period_label(parameters: Mapping[str, Any], at: datetime, zone: ZoneInfo) -> str:
    """What a run at `at` is about: `22 November 2026`, `November 2026`, `1 to 22 November 2026`."""
    return label(*period_days(parameters, at, zone))


def period_days(parameters: Mapping[str, Any], at: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last day by the first relative value among the parameters; without one, the day of the run."""
    today = at.astimezone(zone).date()
    relative = next((read(value) for value in parameters.values() if is_relative(value)), Relative("today"))
    return days_of(relative.period, relative.n, today)


def label(first: date, last: date) -> str:
    day, month, year = pgettext("date format", "j F Y"), pgettext("date format", "F Y"), pgettext("date format", "Y")
    if first == last:
        return formats.date_format(first, day)
    if first.day == 1 and (last + DAY).day == 1:
        if (first.month, last.month, first.year) == (1, 12, last.year):
            return formats.date_format(first, year)
        start = pgettext("date format", "F") if first.year == last.year else month
        return formats.date_format(last, month) if _same_month(first, last) else _range(first, start, last, month)
    start = pgettext("date format", "j") if _same_month(first, last) else pgettext("date format", "j F") if first.year == last.year else day
    return _range(first, start, last, day)


def _range(first: date, first_pattern: str, last: date, last_pattern: str) -> str:
    words = {"first": formats.date_format(first, first_pattern), "last": formats.date_format(last, last_pattern)}
    return _("%(first)s to %(last)s") % words


def _same_month(first: date, last: date) -> bool:
    return (first.year, first.month) == (last.year, last.month)


def _month_before(day: date, months: int) -> date:
    """The first day of the month that many months before the day's own."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


def _formatted(day: date, pattern: str) -> str:
    """With a week in it, the year is the week's: the first days of January may belong to the last week of the year before."""
    year, week, _weekday = day.isocalendar()
    parts = {
        "YYYY": f"{year if 'WW' in pattern else day.year:04}",
        "MM": f"{day.month:02}",
        "DD": f"{day.day:02}",
        "Q": f"{(day.month + 2) // 3}",
        "WW": f"{week:02}",
    }
    return TOKENS.sub(lambda token: parts[token[0]], pattern)
