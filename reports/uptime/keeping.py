"""Writing down, once a minute, how each part of the service is: the state of now, the minutes of the day, and times of trouble.

Twice in a minute is once. A time in which no worker looked is known all the same for what only a worker does: that did not work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from reports.models import ServiceDay, ServicePart, ServiceSpell
from reports.uptime.judging import SILENT_AFTER, Verdict, judge
from tenants.scope import engine_scope

Part, State = ServicePart.Part, ServicePart.State
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
KEPT = timedelta(days=92)
OF_THE_WORKER = (Part.MAKING, Part.MAIL, Part.ELSEWHERE)
ADD = """
insert into reports_serviceday as kept (part, day, looked, good, down) values (%(part)s, %(day)s, %(looked)s, %(good)s, %(down)s)
on conflict (part, day) do update
set looked = kept.looked + excluded.looked, good = kept.good + excluded.good, down = kept.down + excluded.down
"""


def note_minute(now: datetime) -> bool:
    """False: somebody has written this minute. Outside any scope."""
    minute = now.astimezone(UTC).replace(second=0, microsecond=0)
    with engine_scope():
        ServicePart.objects.bulk_create([ServicePart(part=part) for part in Part], ignore_conflicts=True)
        rows = {row.part: row for row in ServicePart.objects.select_for_update().order_by("part")}
        if any(row.looked_at and row.looked_at >= minute for row in rows.values()):
            return False
        for part, verdict in judge(now).items():
            _note(rows[part], verdict, minute)
    return True


def forget_old(now: datetime) -> None:
    """In the engine's scope."""
    ServiceDay.objects.filter(day__lt=(now - KEPT).date()).delete()
    ServiceSpell.objects.filter(ended_at__lt=now - KEPT).delete()


def _note(row: ServicePart, verdict: Verdict, minute: datetime) -> None:
    if row.part in OF_THE_WORKER and row.looked_at and row.looked_at <= minute - SILENT_AFTER:
        _note_absence(row.part, row.looked_at + MINUTE, minute)
    if verdict.state:
        _add(row.part, minute.date(), 1, verdict.state)
    _change(row.part, verdict, minute)
    ServicePart.objects.filter(pk=row.pk).update(state=verdict.state, cause=verdict.cause, looked_at=minute)


def _note_absence(part: str, began: datetime, ended: datetime) -> None:
    """From `began` on nobody looked, until `ended`."""
    _change(part, Verdict(State.DOWN, "worker_away"), began)
    for day, minutes in _by_day(max(began, ended - KEPT), ended):
        _add(part, day, minutes, State.DOWN)


def _by_day(began: datetime, ended: datetime) -> Iterator[tuple[date, int]]:
    minutes: Counter[date] = Counter()
    while began < ended:
        until = min(ended, began.replace(hour=0, minute=0) + DAY)
        minutes[began.date()] += (until - began) // MINUTE
        began = until
    yield from minutes.items()


def _add(part: str, day: date, minutes: int, state: str) -> None:
    counts = {"looked": minutes, "good": minutes * (state == State.WORKS), "down": minutes * (state == State.DOWN)}
    with connection.cursor() as cursor:
        cursor.execute(ADD, counts | {"part": part, "day": day})


def _change(part: str, verdict: Verdict, at: datetime) -> None:
    """Where nobody knows, what lasted is over as far as anybody can tell."""
    lasting = ServiceSpell.objects.filter(part=part, ended_at=None)
    spell = lasting.first()
    if spell and (spell.state, spell.cause) == (verdict.state, verdict.cause):
        return
    lasting.update(ended_at=at)
    if verdict.state and verdict.state != State.WORKS:
        ServiceSpell.objects.create(part=part, state=verdict.state, cause=verdict.cause, began_at=at)
