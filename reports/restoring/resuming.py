"""Carrying out the plan: one transaction for each company, then the mode ends. Killed at any point, the same again goes on from there."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Greatest, Now

from reports import event_data, events
from reports.delivery.sent_log import Line
from reports.links.making import for_delivery
from reports.models import Delivery, Event, Installation, Notice, Occurrence, Schedule, SnapshotJob
from reports.occurrences import reasons
from reports.occurrences.settling import settle
from reports.restoring import findings, mark, mode, plan
from reports.restoring.findings import Evidence, Findings, Instant, SentRun
from reports.restoring.plan import NotRestored
from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.scope import engine_scope, tenant_scope

Status = Occurrence.Status
# Of what was sent, and of what may have been; reports/delivery/failures.py has the words.
SENT, MAYBE = "before_restore", "maybe_before_restore"
ENDED = {"next_try_at": None, "lease_until": None}


def resume(
    actor: Actor, now: datetime, unlogged_since: datetime | None = None, tell: Callable[[Findings], None] = lambda found: None
) -> dict[str, int]:
    """What was done, counted. Outside any scope. Raises NotRestored, and AwsError when S3 does not say what it has to."""
    row = _restored()
    last = mark.read(row) if settings.PORTAL_BUCKET else None
    known = plan.evidence(row, now, unlogged_since)
    done = dict.fromkeys(("sent_runs", "held_runs", "runs", "sent_mails", "held_mails", "jobs"), 0)
    for tenant_id in plan.concerned(known, now):
        found = _reconcile(tenant_id, known, actor, now)
        if found is None:
            continue
        for name, number in _counted(found).items():
            done[name] += number
        tell(found)
    _let_go(actor, "restore.resumed", now, last, {**done, "backup_at": known.backup_at.isoformat()})
    return done


def _reconcile(tenant_id: uuid.UUID, known: Evidence, actor: Actor, now: datetime) -> Findings | None:
    """All of it or nothing. None: a company that this database does not know."""
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        if tenant is None:
            return None
        found = findings.of_tenant(tenant, known, now)
        _carry_out(found, known, now)
        if not found.is_empty:
            record(actor, "restore.reconciled", now=now, tenant=tenant, after=_counted(found))
        return found


def discard(actor: Actor, now: datetime) -> None:
    """Go on as if nothing had been restored: what is due is run and mailed, whatever was before. Raises NotRestored, AwsError."""
    row = _restored()
    last = mark.read(row) if settings.PORTAL_BUCKET else None
    _let_go(actor, "restore.discarded", now, last, {"backup_at": str(row.backup_at)})


def _restored() -> Installation:
    row = mode.installation()
    if row.restored_at is None:
        raise NotRestored
    return row


def _let_go(actor: Actor, action: str, now: datetime, last: mark.Mark | None, after: dict[str, object]) -> None:
    """Past the old database's mark, so that this one is the newest; and that one, should it be at work still, finds itself behind."""
    if mode.end(actor, action, now, past=last.generation if last else 0, after=after) and settings.PORTAL_BUCKET:
        with engine_scope():
            row = Installation.objects.annotate(now=Now()).get()
        mark.write(row, row.now)


def _counted(found: Findings) -> dict[str, int]:
    return {
        "sent_runs": len(found.sent),
        "held_runs": len(found.held),
        "runs": len(found.run),
        "sent_mails": len(found.sent_mails),
        "held_mails": len(found.held_mails),
        "jobs": found.asked + found.begun,
    }


def _carry_out(found: Findings, known: Evidence, now: datetime) -> None:
    for run in found.sent:
        _close(found, run, now)
    for instant in found.held:
        _hold(found, instant, now)
    for model in (Delivery, Notice):
        _end_mails(model, found, now)
    _give_time(found, known, now)


def _close(found: Findings, run: SentRun, now: datetime) -> None:
    """All served: it ends here, without a job. Some not: it is made for them, and those who were served get nothing."""
    at = max(line.at for line in run.lines)
    facts: dict[str, object] = {"already_sent": run.served}
    if not run.waits_for:
        facts |= {"status": Status.DELIVERED, "reason": reasons.BEFORE_RESTORE, "ended_at": at}
        facts |= {"detail": {"number": len(run.lines), "at": at.isoformat()}}
    kind = Occurrence.Kind.HAND if run.lines[0].by_hand else Occurrence.Kind.PLAN
    _write(found, (run.schedule_id, run.planned_at), {"kind": kind} | facts)


def _hold(found: Findings, instant: Instant, now: datetime) -> None:
    _write(found, instant, {"status": Status.MISSED, "reason": reasons.MAYBE_BEFORE_RESTORE, "ended_at": now})
    schedule_id, planned_at = instant
    schedule = Schedule.objects.for_tenant(found.tenant).get(pk=schedule_id)
    data = event_data.of_missed(schedule_id, schedule.slug, planned_at, reasons.MAYBE_BEFORE_RESTORE, schedule.missed)
    events.tell(found.tenant, Event.Type.SCHEDULE_MISSED, data, now)


def _write(found: Findings, instant: Instant, facts: dict[str, object]) -> None:
    """The row that is planned already, or a new one."""
    schedule_id, planned_at = instant
    waiting = Occurrence.objects.for_tenant(found.tenant).filter(schedule=schedule_id, planned_at=planned_at, status=Status.PLANNED)
    if not waiting.filter(expanded_at=None).update(**facts, lease_until=None, tries=0):
        row = Occurrence(tenant=found.tenant, schedule_id=schedule_id, planned_at=planned_at, **facts)
        Occurrence.objects.bulk_create([row], ignore_conflicts=True)


def _end_mails(model: type[Delivery] | type[Notice], found: Findings, now: datetime) -> None:
    open_rows = model._default_manager.filter(tenant=found.tenant, status__in=Delivery.OPEN)
    ended: list[Delivery | Notice] = []
    for row in open_rows.filter(pk__in=found.sent_mails).select_for_update(of=("self",)):
        _mark_sent(row, found.sent_mails[row.pk])
        ended.append(row)
    for row in open_rows.filter(pk__in=found.held_mails).select_for_update(of=("self",)):
        model._default_manager.filter(pk=row.pk).update(**ENDED, status=Delivery.Status.FAILED, failure_code=MAYBE, ended_at=now)
        ended.append(row)
        if isinstance(row, Delivery):
            row.refresh_from_db(fields=["status", "failure_code"])
            events.tell(found.tenant, Event.Type.DELIVERY_FAILED, event_data.of_delivery(row), now)
    if model is Delivery:
        _settle({row.occurrence_id for row in ended}, now)


def _mark_sent(row: Delivery | Notice, line: Line) -> None:
    """The link that its mail carries works again: it has the same address whenever it is made."""
    sent = {"status": Delivery.Status.SENT, "failure_code": SENT, "sent_at": line.at, "ended_at": line.at}
    type(row)._default_manager.filter(pk=row.pk).update(**ENDED, **sent)
    if isinstance(row, Delivery):
        for_delivery(row, now=line.at)


def _settle(occurrences: set[uuid.UUID | None], now: datetime) -> None:
    for occurrence_id in sorted(filter(None, occurrences)):
        settle(occurrence_id, now)


def _give_time(found: Findings, known: Evidence, now: datetime) -> None:
    """Deadlines of jobs under way stood still with the database. QuickSight is asked what became of their snapshots."""
    away = now - known.backup_at
    moving = SnapshotJob.objects.filter(tenant=found.tenant).moving()
    moving.update(
        deadline_at=Greatest(F("deadline_at"), now + settings.JOB_DEADLINE), render_until=F("render_until") + away, lease_until=None
    )
    moving.exclude(status=SnapshotJob.Status.QUEUED).update(next_look_at=now)
