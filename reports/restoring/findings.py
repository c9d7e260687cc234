"""What a company's rows say after a restore, held against the send log: what was sent, what runs now, what cannot be known."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings

from reports.delivery import sent_log
from reports.delivery.sent_log import Gap, Line, Log
from reports.models import Delivery, Notice, Occurrence, Schedule, SnapshotJob
from reports.occurrences import addressing, noting
from tenants.models import Tenant

Status = Occurrence.Status
Instant = tuple[uuid.UUID, datetime]


@dataclass(frozen=True)
class Evidence:
    """What the world knows: the send log from the backup on, and when it could not be written."""

    backup_at: datetime
    log: Log
    gaps: list[Gap]

    def may_have_left(self, planned_at: datetime) -> bool:
        """Unlogged: a run's mails leave between its planned instant and its jobs' deadline."""
        return any(gap.since - settings.JOB_DEADLINE <= planned_at and (gap.until is None or planned_at <= gap.until) for gap in self.gaps)


@dataclass(frozen=True)
class SentRun:
    """A planned instant whose mails left. `waits_for`: how many of the schedule's addresses are not among them."""

    schedule_id: uuid.UUID
    planned_at: datetime
    lines: list[Line]
    waits_for: int

    @property
    def served(self) -> dict[str, str]:
        return {line.place: str(line.id) for line in self.lines}


@dataclass
class Findings:
    tenant: Tenant
    # Planned instants, and what becomes of each.
    sent: list[SentRun] = field(default_factory=list)
    held: list[Instant] = field(default_factory=list)
    run: list[Instant] = field(default_factory=list)
    missed: list[Instant] = field(default_factory=list)
    # Rows that wait to be mailed.
    sent_mails: dict[uuid.UUID, Line] = field(default_factory=dict)
    held_mails: list[uuid.UUID] = field(default_factory=list)
    due_mails: int = 0
    # Jobs under way: those with a snapshot that QuickSight is asked about, and those that begin anew.
    asked: int = 0
    begun: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.sent or self.held or self.run or self.missed or self.sent_mails or self.held_mails or self.open)

    @property
    def open(self) -> int:
        return self.due_mails + self.asked + self.begun


def of_tenant(tenant: Tenant, evidence: Evidence, now: datetime) -> Findings:
    """In the tenant's scope. Changes nothing."""
    found = Findings(tenant)
    _look_at_instants(found, evidence, now)
    _look_at_mails(found, evidence)
    moving = SnapshotJob.objects.filter(tenant=tenant).moving()
    found.asked = moving.exclude(status=SnapshotJob.Status.QUEUED).count()
    found.begun = moving.filter(status=SnapshotJob.Status.QUEUED).count()
    return found


def _look_at_instants(found: Findings, evidence: Evidence, now: datetime) -> None:
    sent = defaultdict[Instant, list[Line]](list)
    for line in evidence.log.left.values():
        if line.tenant == found.tenant.pk and line.schedule and line.planned_at:
            sent[line.schedule, line.planned_at].append(line)
    known = {
        (schedule_id, planned_at): expanded_at is None and status == Status.PLANNED
        for schedule_id, planned_at, status, expanded_at in _known(found.tenant, sent, evidence)
    }
    schedules = {row.pk: row for row in Schedule.objects.for_tenant(found.tenant).kept().select_related("tenant", "report")}
    for instant, lines in sent.items():
        # One whose deliveries are in the database is a matter of each of these.
        if instant[0] in schedules and known.get(instant, True):
            found.sent.append(SentRun(*instant, lines, _not_among(schedules[instant[0]], lines)))
    _look_at_the_rest(found, evidence, known, sent, list(schedules.values()), now)


def _known(tenant: Tenant, sent: dict[Instant, list[Line]], evidence: Evidence) -> list[tuple[uuid.UUID, datetime, str, datetime | None]]:
    """Occurrences that may matter: those that are planned, and those of the time that the log tells of."""
    since = min([evidence.backup_at, *(planned_at for _schedule, planned_at in sent)]) - timedelta(days=1)
    rows = Occurrence.objects.for_tenant(tenant).filter(planned_at__gte=since)
    planned = Occurrence.objects.for_tenant(tenant).filter(status=Status.PLANNED, planned_at__lt=since)
    columns = ("schedule_id", "planned_at", "status", "expanded_at")
    return [*rows.values_list(*columns), *planned.values_list(*columns)]


def _look_at_the_rest(
    found: Findings,
    evidence: Evidence,
    known: dict[Instant, bool],
    sent: dict[Instant, list[Line]],
    schedules: list[Schedule],
    now: datetime,
) -> None:
    for instant, waits in known.items():
        if waits and instant not in sent:
            (found.held if evidence.may_have_left(instant[1]) else found.run).append(instant)
    for schedule in schedules:
        for noted in noting.outlook(schedule, now):
            instant = (schedule.pk, noted.planned_at)
            if instant in sent or instant in known:
                continue
            if noted.status != Status.PLANNED:
                found.missed.append(instant)
            else:
                (found.held if evidence.may_have_left(noted.planned_at) else found.run).append(instant)


def _not_among(schedule: Schedule, lines: list[Line]) -> int:
    """Of those who get the schedule today: who joined after the backup nobody knows any more."""
    served = {line.place for line in lines}
    return sum(
        served.isdisjoint(sent_log.places(schedule.tenant_id, place, rows.tags))
        for rows in addressing.who_gets(schedule)
        for place in rows.places()
    )


def _look_at_mails(found: Findings, evidence: Evidence) -> None:
    for model in (Delivery, Notice):
        waiting = model._default_manager.filter(tenant=found.tenant, status__in=Delivery.OPEN)
        for pk in waiting.values_list("pk", flat=True):
            if line := evidence.log.left.get(pk):
                found.sent_mails[pk] = line
            elif evidence.gaps:
                found.held_mails.append(pk)
            else:
                found.due_mails += 1
