"""What the page of the service's status shows, in one statement of a few hundred small rows; as the web login, outside any scope."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection

from reports.models import ServicePart

DAYS = 60
MOST_EVENTS = 12
# What was over sooner nobody noticed.
SHORTEST = timedelta(minutes=5)
QUESTION = """
select json_build_object(
    'parts', (select json_object_agg(part, json_build_array(state, cause, looked_at)) from reports_servicepart),
    'days', (select json_agg(json_build_array(part, day, looked, good, down)) from reports_serviceday
              where day > %(today)s - %(days)s and day <= %(today)s),
    'spells', (select json_agg(json_build_array(part, state, cause, began_at, ended_at) order by began_at desc) from (
                select * from reports_servicespell
                 where (ended_at is null or ended_at > %(since)s) and coalesce(ended_at, %(now)s) - began_at >= %(shortest)s
                 order by began_at desc limit %(most)s) told),
    'notes', (select json_agg(json_build_array(kind, title, text, begins_at, ends_at) order by begins_at desc) from (
                select * from reports_servicenote where coalesce(ends_at, %(now)s) > %(since)s order by begins_at desc limit %(most)s) told)
)::text
"""


@dataclass(frozen=True)
class Part:
    """`state` and `cause` as last known, at `looked_at`; None: never. `days`: minutes looked, good and down, by day."""

    part: str
    state: str
    cause: str
    looked_at: datetime | None
    days: dict[date, tuple[int, int, int]]

    @property
    def share(self) -> float | None:
        """Of 100, of all minutes in which somebody looked; None: there are none."""
        looked = sum(minutes[0] for minutes in self.days.values())
        return 100 * sum(minutes[1] for minutes in self.days.values()) / looked if looked else None


@dataclass(frozen=True)
class Spell:
    part: str
    state: str
    cause: str
    began_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class Note:
    kind: str
    title: str
    text: str
    begins_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True)
class Service:
    """`read_at`: when this was read. Spells and notes newest first."""

    read_at: datetime
    parts: list[Part]
    spells: list[Spell]
    notes: list[Note]


def service(now: datetime) -> Service:
    today = now.astimezone(UTC).date()
    facts: dict[str, Any] = {
        "now": now,
        "today": today,
        "days": DAYS,
        "since": now - timedelta(days=DAYS),
        "shortest": SHORTEST,
        "most": MOST_EVENTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(QUESTION, facts)
        found: dict[str, Any] = json.loads(cursor.fetchone()[0])
    known, days = found["parts"] or {}, found["days"] or []
    parts = []
    for part in ServicePart.Part.values:
        state, cause, looked_at = known.get(part, ("", "", None))
        minutes = {date.fromisoformat(day): (looked, good, down) for of, day, looked, good, down in days if of == part}
        parts.append(Part(part, state, cause, _at(looked_at), minutes))
    spells = [
        Spell(part, state, cause, datetime.fromisoformat(began), _at(ended)) for part, state, cause, began, ended in found["spells"] or []
    ]
    notes = [Note(kind, title, text, datetime.fromisoformat(begins), _at(ends)) for kind, title, text, begins, ends in found["notes"] or []]
    return Service(now, parts, spells, notes)


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
