"""Noting what came due: each planned instant becomes a row, and the schedule's due time moves on, in one transaction.

The same row again is nothing new (schedule and instant are unique), and a due time only ever moves forward: neither two who note at once
nor a clock that steps back plan an instant twice.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection
from django.utils.translation import gettext as _

from reports import event_data, scheduling
from reports.alerts import EVENT_LASTS, alert
from reports.events import Fact, tell_all
from reports.models import Event, Occurrence, Schedule
from reports.occurrences import reasons
from tenants.models import Tenant

logger = logging.getLogger(__name__)
Status = Occurrence.Status
# What is noted within so long of its instant counts as in time; a worker that restarts takes less.
GRACE = timedelta(minutes=5)
# Rows that one pass writes at most. What is left is due still, and the next pass goes on from there.
MAX_ROWS = 10_000

# As JSON, because thousands of rows are handed over so in a fifth of the time that arrays take.
WRITE = """
with noted as (
insert into reports_occurrence
       (id, tenant_id, schedule_id, planned_at, kind, status, reason, detail, actor, ready_by_at, tries, ended_at)
select gen_random_uuid(), tenant_id, schedule_id, planned_at, 'plan', status, reason, detail, '', ready_by_at, 0, ended_at
  from jsonb_to_recordset(%(rows)s::jsonb)
       as noted (tenant_id uuid, schedule_id uuid, planned_at timestamptz, status text, reason text, detail jsonb, ready_by_at timestamptz,
                 ended_at timestamptz)
on conflict (schedule_id, planned_at) do nothing
returning schedule_id, planned_at, status, reason)
select schedule_id, planned_at, reason from noted where status = 'missed'
"""
ADVANCE = """
update reports_schedule schedule
   set next_run_at = moved.next_run_at, fault = moved.fault,
       enabled = schedule.enabled and moved.fault = '',
       paused_at = case when moved.fault = '' then schedule.paused_at else statement_timestamp() end
  from jsonb_to_recordset(%(moved)s::jsonb) as moved (id uuid, next_run_at timestamptz, fault text)
 where schedule.id = moved.id and (moved.next_run_at is null or moved.next_run_at > schedule.next_run_at)
"""


@dataclass(frozen=True)
class Instant:
    planned_at: datetime
    status: str
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)
    ready_by_at: datetime | None = None


@dataclass(frozen=True)
class Noted:
    """What becomes of a due schedule. `next_run_at` None: never again, or not before its fault is put right."""

    schedule: Schedule
    instants: list[Instant]
    next_run_at: datetime | None
    fault: str = ""


def note(due: Iterable[Schedule], now: datetime) -> int:
    """The number of instants. The schedules' rows are locked by the caller; `now` is the database's."""
    schedules = list(due)
    each = max(1, MAX_ROWS // max(1, len(schedules)))
    known: dict[Any, list[datetime]] = {}
    suspended = _suspended(schedules)
    noted = [_noted(schedule, now, each, known, suspended.get(schedule.tenant_id)) for schedule in schedules]
    if noted:
        _tell_of_faults([single.schedule for single in noted if single.fault])
        _write(noted, now)
    return sum(len(single.instants) for single in noted)


def note_all(schedule: Schedule, now: datetime) -> None:
    """In the tenant's scope, the row locked: until nothing of it is due any more."""
    while schedule.next_run_at and schedule.next_run_at <= now:
        note([schedule], now)
        schedule.refresh_from_db(fields=["next_run_at", "enabled", "fault"])


def outlook(schedule: Schedule, now: datetime) -> list[Instant]:
    """What noting would write down now; nothing is written. One that cannot be planned has none: noting says so, and pauses it."""
    if schedule.next_run_at is None or schedule.next_run_at > now or _fault(schedule):
        return []
    due = [at for at in _planned(schedule, now, MAX_ROWS, {}) if at <= now]
    return list(_instants(schedule, due, now, is_last=True, suspended_at=_suspended([schedule]).get(schedule.tenant_id)))


def _suspended(schedules: list[Schedule]) -> dict[uuid.UUID, datetime]:
    """Since when, by the company, those that are."""
    tenants = Tenant.objects.filter(pk__in={schedule.tenant_id for schedule in schedules}).exclude(suspended_at=None)
    return {pk: at for pk, at in tenants.values_list("pk", "suspended_at") if at}


def _noted(schedule: Schedule, now: datetime, each: int, known: dict[Any, list[datetime]], suspended_at: datetime | None) -> Noted:
    try:
        # One more than is noted now: whether there is a later one decides what becomes of the last.
        planned = _planned(schedule, now, each + 1, known)
        due = [at for at in planned[:each] if at <= now]
        after = planned[len(due)] if len(planned) > len(due) else None
        is_last = after is None or after > now
        return Noted(schedule, list(_instants(schedule, due, now, is_last=is_last, suspended_at=suspended_at)), after)
    except Exception:
        # Whatever is wrong with one schedule keeps no other waiting.
        logger.exception("schedule %s of tenant %s cannot be planned", schedule.pk, schedule.tenant_id)
        fault = _fault(schedule) or _("Its time cannot be worked out.")
        assert schedule.next_run_at
        # Noted as planned all the same: the expander finds the fault and ends it in words, where its owner is told.
        return Noted(schedule, [Instant(schedule.next_run_at, Status.PLANNED)], None, fault)


def _tell_of_faults(schedules: list[Schedule]) -> None:
    """Once for all of them: a zone that is gone may be that of thousands."""
    if schedules:
        told = f"Schedules that cannot be planned and were paused: {len(schedules)}, such as {schedules[0].pk}."
        alert("schedule_paused", f"{told} Their owners have to edit them; their pages say what is wrong.", lasts=EVENT_LASTS)


def _planned(schedule: Schedule, now: datetime, number: int, known: dict[Any, list[datetime]]) -> list[datetime]:
    """Instants from the due one on, `number` at most: those that are due, and the one after them if there is one and room."""
    key = (schedule.cron, schedule.timezone, schedule.starts_on, schedule.ends_on, schedule.next_run_at)
    if key not in known:
        first = schedule.next_run_at
        assert first
        planned = [first, *scheduling.due_between(schedule, first, now, number - 1)]
        if len(planned) < number:
            after = scheduling.next_run(schedule, max(planned[-1], now))
            planned += [after] if after else []
        known[key] = planned
    return known[key]


def _instants(schedule: Schedule, due: list[datetime], now: datetime, *, is_last: bool, suspended_at: datetime | None) -> Iterator[Instant]:
    """`is_last`: nothing later of it is due. `suspended_at`: since when its company is; None: it is not."""
    for at in due:
        ready_by_at = scheduling.ready_by_at(schedule, at)
        if not schedule.enabled:
            detail = {"by": schedule.paused_by, "since": schedule.paused_at.isoformat() if schedule.paused_at else ""}
            yield Instant(at, Status.SKIPPED, reasons.PAUSED, detail, ready_by_at)
        elif suspended_at:
            yield Instant(at, Status.SKIPPED, reasons.SUSPENDED, {"since": suspended_at.isoformat()}, ready_by_at)
        elif (
            now - at <= GRACE
            or schedule.missed == Schedule.Missed.ALL
            or (schedule.missed == Schedule.Missed.LATEST and is_last and at == due[-1])
        ):
            yield Instant(at, Status.PLANNED, ready_by_at=ready_by_at)
        else:
            yield Instant(at, Status.MISSED, reasons.MISSED, {"policy": schedule.missed}, ready_by_at)


def _fault(schedule: Schedule) -> str:
    """Empty: nothing that people could have typed wrong."""
    try:
        scheduling.check_timezone(schedule.timezone)
        scheduling.check_cron(schedule.cron)
    except ValidationError as error:
        return " ".join(error.messages)
    except scheduling.BadCron as error:
        return _("The expression “%(cron)s” %(fault)s") % {"cron": schedule.cron, "fault": error}
    return ""


def _write(noted: list[Noted], now: datetime) -> None:
    rows = [_row(single.schedule, instant, now) for single in noted for instant in single.instants]
    moved = [{"id": single.schedule.pk, "next_run_at": single.next_run_at, "fault": single.fault} for single in noted]
    with connection.cursor() as cursor:
        cursor.execute(WRITE, {"rows": json.dumps(rows, default=str)})
        missed = cursor.fetchall()
        cursor.execute(ADVANCE, {"moved": json.dumps(moved, default=str)})
    _tell(noted, missed, now)


def _tell(noted: list[Noted], missed: list[tuple[uuid.UUID, datetime, str]], now: datetime) -> None:
    """Companies' programs. `missed` are the rows that are new."""
    by_id = {single.schedule.pk: single.schedule for single in noted}
    paused = [single for single in noted if single.fault and single.schedule.enabled]
    told = [by_id[id] for id, *_at in missed] + [single.schedule for single in paused]
    slugs = dict(Tenant.objects.filter(pk__in={schedule.tenant_id for schedule in told}).values_list("pk", "slug")) if told else {}
    facts = []
    for schedule_id, at, reason in missed:
        schedule = by_id[schedule_id]
        data = event_data.of_missed(schedule_id, schedule.slug, at, reason, schedule.missed)
        facts.append(Fact(schedule.tenant_id, slugs[schedule.tenant_id], Event.Type.SCHEDULE_MISSED, data))
    for single in paused:
        schedule = single.schedule
        data = event_data.of_paused(schedule.pk, schedule.slug, single.fault)
        facts.append(Fact(schedule.tenant_id, slugs[schedule.tenant_id], Event.Type.SCHEDULE_PAUSED, data))
    tell_all(facts, now)


def _row(schedule: Schedule, instant: Instant, now: datetime) -> dict[str, Any]:
    return vars(instant) | {
        "tenant_id": schedule.tenant_id,
        "schedule_id": schedule.pk,
        "ended_at": None if instant.status in Occurrence.OPEN else now,
    }
