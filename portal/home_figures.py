"""The four figures of a company's first page, and how its last thirty days are drawn beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal import words
from portal.strips import Strip, drawn
from reports.lately import Lately

WIDTH, HEIGHT = 100, 36
# Of the height, so that a line's highest point is not cut.
TOP = 3


@dataclass(frozen=True)
class Spark:
    """`lines`: the points of each unbroken piece; `areas`: the same down to the ground. `words`: what it shows."""

    lines: list[str]
    areas: list[str]
    words: str


@dataclass(frozen=True)
class Figures:
    """Numbers as texts; empty: there is nothing to tell yet. `typical`: number and unit, in turns."""

    share: str
    change: str
    is_better: bool
    strip: Strip
    typical: list[tuple[str, str]]
    most: str
    times: Spark
    bar: str
    downloads: str
    openers: str
    fetched: Spark
    is_counted: bool
    knows_ends: bool


def figures(lately: Lately) -> Figures:
    change = None if lately.share is None or lately.share_before is None else lately.share - lately.share_before
    today = lately.today
    return Figures(
        "" if lately.share is None else _percent(lately.share),
        "" if change is None else _change(change),
        change is not None and change >= 0,
        _strip(lately),
        [] if lately.typical_seconds is None else _parts(lately.typical_seconds),
        "" if lately.most_seconds is None else words.duration(lately.most_seconds),
        _spark([day.seconds for day in lately.days], _times(lately)),
        # Text: a number would be written as the language does.
        f"{100 * today.delivered / today.asked:.1f}" if today.asked else "0",
        words.whole(lately.downloads) if lately.is_counted else "",
        _openers(lately),
        _spark([float(day.downloads) for day in lately.days], _downloads(lately)),
        lately.is_counted,
        _knows_ends(lately),
    )


def _percent(share: float) -> str:
    """`98.4`. Only what is all of it is 100."""
    return formats.number_format(100, 0) if share >= 100 else formats.number_format(min(share, 99.9), 1)


def _change(points: float) -> str:
    """`+0.6`"""
    number = round(points, 1)
    return f"{'+' if number > 0 else '−' if number < 0 else '±'}{formats.number_format(abs(number), 1)}"


def _parts(seconds: float) -> list[tuple[str, str]]:
    """`1 min 42 s` as its numbers and units."""
    told = words.duration(seconds).split()
    return list(zip(told[::2], told[1::2], strict=True))


def _knows_ends(lately: Lately) -> bool:
    """Whether nothing is nothing."""
    return lately.is_counted and not lately.is_behind


def _strip(lately: Lately) -> Strip:
    tones = ["" if day.is_empty else "bad" if day.bad else "warn" if day.late else "ok" for day in lately.days]
    told = [
        (ngettext("%(n)d day without fault", "%(n)d days without fault", tones.count("ok")), "ok"),
        (ngettext("%(n)d with something late or in part", "%(n)d with something late or in part", tones.count("warn")), "warn"),
        (ngettext("%(n)d with a failure", "%(n)d with failures", tones.count("bad")), "bad"),
    ]
    nothing = _("nothing was delivered yet") if _knows_ends(lately) else _("not counted yet")
    parts = [said % {"n": tones.count(tone)} for said, tone in told if tone in tones] or [nothing]
    return drawn(tones, len(tones), _("Each of the last 30 days: %(parts)s") % {"parts": ", ".join(parts)})


def _times(lately: Lately) -> str:
    seconds = [day.seconds for day in lately.days if day.seconds is not None]
    if not seconds:
        return _("Nothing was delivered in 30 days") if _knows_ends(lately) else _("Not counted yet")
    values = {"least": words.duration(min(seconds)), "most": words.duration(max(seconds))}
    return _("Typical time to deliver of each day, between %(least)s and %(most)s") % values


def _downloads(lately: Lately) -> str:
    if not lately.is_counted:
        return _("Not counted yet")
    most = max(day.downloads for day in lately.days)
    return _("Downloads of each of the last 30 days, at most %(most)s") % {"most": words.whole(most)}


def _openers(lately: Lately) -> str:
    if not lately.recipients:
        return ""
    told = ngettext("%(n)s of %(all)s recipient opened a link", "%(n)s of %(all)s recipients opened a link", lately.recipients)
    return told % {"n": words.whole(lately.openers), "all": words.whole(lately.recipients)}


def _spark(values: Sequence[float | None], told: str) -> Spark:
    """From the ground up. Where there is no value, the line has a gap."""
    top = max((value for value in values if value), default=0.0)
    step = WIDTH / (len(values) - 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((number * step, HEIGHT - (HEIGHT - TOP) * value / top if top else HEIGHT))
    # A single day is a short line, or it would not be seen.
    pieces = [piece if len(piece) > 1 else [(x - step / 4, y), (x + step / 4, y)] for piece in pieces if piece for x, y in piece[:1]]
    lines = [" ".join(f"{x:.2f},{y:.2f}" for x, y in piece) for piece in pieces]
    areas = [f"{piece[0][0]:.2f},{HEIGHT} {line} {piece[-1][0]:.2f},{HEIGHT}" for piece, line in zip(pieces, lines, strict=True)]
    return Spark(lines, areas, told)
