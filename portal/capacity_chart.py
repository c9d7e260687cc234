"""The day of an account as a chart: slots in use against the limit, and jobs waiting. Numbers are texts, the same in every language.

Jobs that wait are drawn against the slots' own scale, unless they are so many that it would press the slots flat; then they have one of
their own at the right. Where no worker ran there is a gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from portal import words
from portal.capacity_rows import DAY, QUARTER
from portal.usage_chart import Mark

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 740, 34, 700, 22, 210
STEPS = 4
NAMED_HOURS = 4
# From so many times the slots on, what waits has a scale of its own.
OWN_SCALE_FROM = 4
TIMES_TOLD = 3


@dataclass(frozen=True)
class Chart:
    """`area`, `line`, `limit`, `queue`: paths. `lines`: of the slots' scale; `more`: the words of the other one, if it has its own."""

    area: str
    line: str
    limit: str
    queue: str
    lines: list[Mark]
    more: list[Mark]
    names: list[Mark]
    words: str


def chart(rows: list[dict[str, Any]], now: datetime) -> Chart:
    """`rows`: of portal.capacity_rows.day."""
    top = words.round_top(max((max(row["slots"], row["in_use"]) for row in rows), default=0), STEPS)
    most = max((row["waiting"] for row in rows), default=0)
    own_scale = most > OWN_SCALE_FROM * top
    top = top if own_scale else words.round_top(max(top, most), STEPS)
    queue_top = words.round_top(most, STEPS) if own_scale else top
    runs = _runs(rows)
    return Chart(
        area=" ".join(_area(run, now, top) for run in runs),
        line=" ".join(_steps(run, now, "in_use", top) for run in runs),
        limit=" ".join(_steps(run, now, "slots", top) for run in runs),
        queue=" ".join(_steps(run, now, "waiting", queue_top) for run in runs),
        lines=_scale(top),
        more=_scale(queue_top) if own_scale else [],
        names=_names(now),
        words=_words(rows, most),
    )


def _runs(rows: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Parts of the day without a gap between them."""
    runs: list[list[dict[str, Any]]] = []
    for row in rows:
        if not runs or row["part"] - runs[-1][-1]["part"] > QUARTER:
            runs.append([])
        runs[-1].append(row)
    return runs


def _steps(run: list[dict[str, Any]], now: datetime, name: str, top: int) -> str:
    """Each value holds until the next one."""
    points = [f"V{_y(row[name], top)}H{_x(row['part'] + QUARTER, now)}" for row in run]
    return f"M{_x(run[0]['part'], now)},{_y(run[0][name], top)}" + "".join(points)


def _area(run: list[dict[str, Any]], now: datetime, top: int) -> str:
    return f"{_steps(run, now, 'in_use', top)}V{BOTTOM}H{_x(run[0]['part'], now)}Z"


def _x(at: datetime, now: datetime) -> str:
    share = (at - (now - DAY)) / DAY
    return f"{LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, share)):.1f}"


def _y(value: int, top: int) -> str:
    return f"{BOTTOM - (BOTTOM - TOP) * value / top:.1f}"


def _scale(top: int) -> list[Mark]:
    return [Mark(_y(top * step // STEPS, top), words.whole(top * step // STEPS)) for step in range(STEPS + 1)]


def _names(now: datetime) -> list[Mark]:
    """Full hours, a few of the day."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [hour - timedelta(hours=back) for back in range(23, -1, -1)]
    return [Mark(_x(at, now), _clock(at)) for at in hours if at.hour % NAMED_HOURS == 0]


def _words(rows: list[dict[str, Any]], most: int) -> str:
    """`All slots were in use from 16:15 to 19:00; up to 12 jobs waited.`"""
    if not rows:
        return _("Nothing is known of the last 24 hours: a worker counts once a minute.")
    full = [_("%(start)s to %(end)s") % {"start": _clock(start), "end": _clock(end)} for start, end in _full(rows)]
    waited = _("Up to %(n)s jobs waited.") % {"n": words.whole(most)}
    if not full:
        return f"{_('There was a free slot all the time.')} {waited}"
    told = ", ".join(full[-TIMES_TOLD:])
    if len(full) > TIMES_TOLD:
        return _("All slots were in use %(n)s times, lately from %(times)s.") % {"n": words.whole(len(full)), "times": told} + f" {waited}"
    return _("All slots were in use from %(times)s.") % {"times": told} + f" {waited}"


def _full(rows: list[dict[str, Any]]) -> Iterable[tuple[datetime, datetime]]:
    start = None
    for row, after in zip(rows, [*rows[1:], None], strict=True):
        is_full = row["in_use"] >= row["slots"] > 0
        start = start or (row["part"] if is_full else None)
        if start and (not is_full or after is None or after["part"] - row["part"] > QUARTER):
            yield start, row["part"] + (QUARTER if is_full else timedelta(0))
            start = None


def _clock(at: datetime) -> str:
    return timezone.localtime(at).strftime("%H:%M")
