"""Jobs of each day of a month as a chart: what is drawn, as texts that mean the same in every language's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from portal import words
from reports import usage
from reports.models import DailyUsage

WIDTH, HEIGHT = 700, 210
LEFT, TOP, BOTTOM = 34, 20, 180
STEPS = 4
# Days between two that are named.
NAMED = 4


@dataclass(frozen=True)
class Bar:
    tone: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Mark:
    """A word at an axis, and its place along it."""

    place: str
    word: str


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    lines: list[Mark]
    names: list[Mark]
    words: str


def chart(month: usage.Month) -> Chart:
    days = usage.days_in(month.first)
    by_day = {row.day: row for row in month.days}
    wide = (WIDTH - LEFT) / days
    top = words.round_top(max((row.completed + row.failed for row in month.days), default=0), STEPS)
    bars: list[Bar] = []
    names: list[Mark] = []
    for number in range(days):
        day, x = month.first + number * usage.DAY, LEFT + number * wide
        bars += _bars(by_day.get(day), x, wide, (BOTTOM - TOP) / top)
        if number % NAMED == 0:
            names.append(Mark(f"{x + wide / 2:.1f}", formats.date_format(day, pgettext("date format", "j M"))))
    lines = [Mark(f"{BOTTOM - (BOTTOM - TOP) * step / STEPS:g}", words.whole(top * step // STEPS)) for step in range(STEPS + 1)]
    return Chart(bars, lines, names, _words(month))


def _bars(row: DailyUsage | None, x: float, wide: float, scale: float) -> list[Bar]:
    """What failed stands on top of what was delivered."""
    if row is None:
        return []
    base, drawn = float(BOTTOM), []
    for tone, number in (("accent", row.completed), ("bad", row.failed)):
        if number:
            # One of thousands is still to be seen.
            height = max(1.0, number * scale)
            base -= height
            drawn.append(Bar(tone, f"{x + wide * 0.15:.1f}", f"{base:.1f}", f"{wide * 0.7:.1f}", f"{height:.1f}"))
    return drawn


def _words(month: usage.Month) -> str:
    busiest = max(month.days, key=lambda row: row.completed + row.failed, default=None)
    if busiest is None or not busiest.completed + busiest.failed:
        return _("No job ended in this month.")
    values = {
        "delivered": words.whole(month.totals["completed"]),
        "failed": words.whole(month.totals["failed"]),
        "most": words.whole(busiest.completed + busiest.failed),
        "day": _day(busiest.day),
    }
    return _("%(delivered)s delivered and %(failed)s failed; the most on one day, %(most)s, on %(day)s.") % values


def _day(day: date) -> str:
    return formats.date_format(day, pgettext("date format", "j F"))
