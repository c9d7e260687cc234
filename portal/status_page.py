"""The page of the service's status, as it is drawn: read at most every quarter of a minute, and kept for when the database is away.

Of each process: whoever asks for the page as often as they like makes it no dearer.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import InterfaceError, OperationalError, connection
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal import words
from portal.status import Look
from portal.strips import Strip, drawn
from reports.models import ServiceNote, ServicePart
from reports.uptime import reading
from reports.uptime.reading import DAYS, Note, Part, Service, Spell
from reports.uptime.words import told

logger = logging.getLogger(__name__)
State = ServicePart.State
KEPT_SECONDS = 15.0
# The worker writes each minute; then nobody looks any more.
OLD_AFTER = timedelta(minutes=3)
# Minutes of a day that were lost: from so many on the day is marked, and is a bad one.
MARKED, BAD = 5, 15
# The tone of a day on which nobody looked.
UNKNOWN = "idle"
SHOWN = 8
LOOKS: dict[str, Look] = {
    State.WORKS: Look(State.WORKS.label, "check", "ok"),
    State.SLOW: Look(State.SLOW.label, "clock", "warn"),
    State.DOWN: Look(State.DOWN.label, "alert-circle", "bad"),
    "": Look(gettext_lazy("Not known"), "info-circle"),
}
WORST = (State.DOWN, State.SLOW, "", State.WORKS)


@dataclass(frozen=True)
class Known:
    """`service` None: nothing was ever read. `is_away`: the database did not answer just now."""

    service: Service | None
    is_away: bool


class Kept:
    """The last answer of this process. One thread reads anew, the others go on with what there is."""

    def __init__(self) -> None:
        self._reading, self._known, self._until = threading.Lock(), Known(None, False), 0.0

    def forget(self) -> None:
        self._known, self._until = Known(None, False), 0.0

    def known(self) -> Known:
        # Who comes while nothing was ever read waits for the first answer.
        if time.monotonic() >= self._until and self._reading.acquire(blocking=self._known.service is None):
            try:
                if time.monotonic() >= self._until:
                    self._known = self._read()
                    self._until = time.monotonic() + KEPT_SECONDS
            finally:
                self._reading.release()
        return self._known

    def _read(self) -> Known:
        try:
            return Known(reading.service(timezone.now()), False)
        except (OperationalError, InterfaceError) as error:
            logger.warning("the status page shows what was known before: %s", type(error).__name__)
            # What is broken is not used for the next page.
            connection.close()
            return Known(self._known.service, True)


KEPT = Kept()


@dataclass(frozen=True)
class Row:
    name: str | Promise
    look: Look
    strip: Strip
    share: str
    since: str  # the first day that is known, where it is not the first one drawn


@dataclass(frozen=True)
class Event:
    """`when`: a time in words. `until`: of what is over, or will be; empty: nobody knows."""

    look: Look
    title: str | Promise
    text: str | Promise
    at: datetime
    when: str
    until: str


@dataclass(frozen=True)
class Page:
    """`note`: why it may not be the truth of this moment; empty: it is. `looked_at` None: nobody ever looked."""

    tone: str
    icon: str
    title: str | Promise
    text: str | Promise
    note: str
    rows: list[Row]
    has_gaps: bool  # days of which nothing is known
    events: list[Event]
    looked_at: datetime | None


def page(known: Known, now: datetime) -> Page:
    """In UTC: it is not known where a visitor is."""
    service = known.service or Service(now, [Part(part, "", "", None, {}) for part in ServicePart.Part.values], [], [])
    times = [part.looked_at for part in service.parts if part.looked_at]
    looked_at = max(times, default=None)
    note = _note(known, looked_at, now)
    worst = min(service.parts, key=lambda part: WORST.index(part.state))
    head = _head(worst, service.parts, is_old=bool(note))
    rows = [_row(part, now) for part in service.parts]
    has_gaps = any(mark.tone == UNKNOWN for row in rows for mark in row.strip.marks)
    return Page(*head, note, rows, has_gaps, _events(service.spells, service.notes, now), looked_at)


def _note(known: Known, looked_at: datetime | None, now: datetime) -> str:
    if looked_at is None:
        return _("Our records do not answer just now.") if known.is_away else _("Nobody has looked yet. That happens each minute.")
    at = words.moment_near(looked_at, now)
    if known.is_away:
        return _("Our records do not answer just now. This is how it was %(at)s.") % {"at": at}
    if looked_at < now - OLD_AFTER:
        return _("Nobody has looked since %(at)s: reports may not be made or sent just now. This is how it was then.") % {"at": at}
    return ""


def _head(worst: Part, parts: Sequence[Part], *, is_old: bool) -> tuple[str, str, str | Promise, str | Promise]:
    """Tone, icon, heading and sentence."""
    if is_old or all(not part.state for part in parts):
        return "warn", "info-circle", _("We do not know how it is right now"), _("This page answers, so signing in may work. Try it.")
    if worst.state in (State.DOWN, State.SLOW):
        said, rest = told(worst.part, worst.cause), [part for part in parts if part.state == State.WORKS]
        text = str(said.text)
        if len(rest) == len(parts) - 1:
            text = _("%(text)s Everything else works.") % {"text": text}
        return ("bad" if worst.state == State.DOWN else "warn"), LOOKS[worst.state].icon, said.now, text
    return "ok", "check", _("Everything works"), _("Reports are made and sent as planned.")


def _row(part: Part, now: datetime) -> Row:
    today = now.astimezone(UTC).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    tones = [_tone(part.days.get(day)) for day in days]
    known = [day for day, tone in zip(days, tones, strict=True) if tone != UNKNOWN]
    since = "" if not known or known[0] == days[0] else words.day(known[0])
    share = "" if part.share is None else _percent(part.share)
    name = str(ServicePart.Part(part.part).label)
    counts = {
        "name": name,
        "share": share,
        "marked": ngettext("%(n)d day with trouble", "%(n)d days with trouble", tones.count("warn")) % {"n": tones.count("warn")},
        "bad": ngettext("%(n)d bad day", "%(n)d bad days", tones.count("bad")) % {"n": tones.count("bad")},
        "since": since,
    }
    if not share:
        said = _("%(name)s: nothing is known of the last 60 days")
    elif since:
        said = _("%(name)s: %(share)s since %(since)s, %(marked)s, %(bad)s; of the days before nothing is known")
    else:
        said = _("%(name)s: %(share)s in the last 60 days, %(marked)s, %(bad)s")
    return Row(name, LOOKS.get(part.state, LOOKS[""]), drawn(tones, DAYS, said % counts), share, since)


def _tone(minutes: tuple[int, int, int] | None) -> str:
    """Of a day."""
    if minutes is None or not minutes[0]:
        return UNKNOWN
    looked, good, down = minutes
    return "bad" if down >= BAD else "warn" if looked - good >= MARKED else "ok"


def _percent(share: float) -> str:
    """`99.94%`. Only what is all of it is 100%."""
    return "100%" if share >= 100 else f"{formats.number_format(int(share * 100) / 100, 2)}%"


def _events(spells: Sequence[Spell], notes: Sequence[Note], now: datetime) -> list[Event]:
    found = [_spell(spell, now) for spell in spells] + [_staff_note(note, now) for note in notes]
    return sorted(found, key=lambda event: event.at, reverse=True)[:SHOWN]


def _spell(spell: Spell, now: datetime) -> Event:
    said = told(spell.part, spell.cause)
    if spell.ended_at:
        return Event(Look("", "check", "ok"), said.past, said.text, spell.began_at, *_times(spell.began_at, spell.ended_at, now))
    return Event(LOOKS[spell.state], said.now, said.text, spell.began_at, *_times(spell.began_at, None, now))


def _staff_note(note: Note, now: datetime) -> Event:
    is_over = bool(note.ends_at and note.ends_at <= now)
    if note.kind == ServiceNote.Kind.WORK:
        look = Look("", "tool", "" if is_over or note.begins_at > now else "warn")
        title = _("%(title)s, done") % {"title": note.title} if is_over else note.title
    else:
        look, title = (Look("", "check", "ok") if is_over else LOOKS[State.SLOW]), note.title
    return Event(look, title, note.text, note.begins_at, *_times(note.begins_at, note.ends_at, now))


def _times(began: datetime, ended: datetime | None, now: datetime) -> tuple[str, str]:
    """`today, 08:52`, and how long, or until when."""
    at = words.moment_near(began, now)
    if ended is None:
        return at, ""
    if ended > now:
        return at, _("until %(at)s") % {"at": words.soon(ended, now)}
    return at, _("for %(time)s") % {"time": _minutes((ended - began).total_seconds())}


def _minutes(seconds: float) -> str:
    """Nobody looks more often than that: `37 min`, and of an hour and more as everywhere."""
    minutes = round(seconds / 60)
    return _("%(min)d min") % {"min": minutes} if minutes < 60 else words.duration(seconds)
