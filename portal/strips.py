"""The strip of a schedule's last runs: one mark each, whose height and colour say how it went, and the same in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.models import Occurrence

Status = Occurrence.Status
STEP, LEFT = 10, 1.5
# Where a mark of each tone begins, in a picture that is 28 high.
TOPS = {"ok": 8, "warn": 4, "bad": 0, "idle": 19}
HEIGHT = 28
TONES = {
    Status.DELIVERED: "ok",
    Status.PARTLY_DELIVERED: "warn",
    Status.FAILED: "bad",
    Status.MISSED: "bad",
    Status.SKIPPED: "idle",
}


@dataclass(frozen=True)
class Mark:
    tone: str
    x: str
    y: int
    height: int


@dataclass(frozen=True)
class Strip:
    marks: list[Mark]
    width: int
    words: str


def strip(runs: list[dict[str, Any]], places: int | str) -> Strip:
    """`runs`: ended ones, newest first, as reports.schedules.figures reads them. The newest stands at the right, gaps stay at the left."""
    tones = [_tone(run) for run in reversed(runs)]
    # A component's attribute is text.
    return drawn(tones, int(places), _words(tones))


def drawn(tones: Sequence[str], places: int, words: str) -> Strip:
    """`tones`: keys of TOPS, the newest last; empty: a gap."""
    free = places - len(tones)
    marks = [Mark(tone, f"{STEP * (free + n) + LEFT}", TOPS[tone], HEIGHT - TOPS[tone]) for n, tone in enumerate(tones) if tone]
    return Strip(marks, places * STEP, words)


def _tone(run: dict[str, Any]) -> str:
    tone = TONES[run["status"]]
    return "warn" if tone == "ok" and run["late"] else tone


def _words(tones: list[str]) -> str:
    """`last 14 runs: 12 delivered, 2 failed or missed`"""
    if not tones:
        return _("no runs yet")
    told = [
        (ngettext("%(n)d delivered", "%(n)d delivered", tones.count("ok")), "ok"),
        (ngettext("%(n)d late or partly delivered", "%(n)d late or partly delivered", tones.count("warn")), "warn"),
        (ngettext("%(n)d failed or missed", "%(n)d failed or missed", tones.count("bad")), "bad"),
        (ngettext("%(n)d skipped", "%(n)d skipped", tones.count("idle")), "idle"),
    ]
    parts = [words % {"n": tones.count(tone)} for words, tone in told if tone in tones]
    return ngettext("last run: %(parts)s", "last %(n)d runs: %(parts)s", len(tones)) % {"n": len(tones), "parts": ", ".join(parts)}
