"""A world that went on after the backup: marks that counted on, lines in the send log, rows that know nothing of it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from reports.delivery import sent_log
from reports.delivery.sent_log import Line
from reports.models import Installation, Recipient
from reports.restoring import gate, mode
from tenants.models import AuditEvent
from tenants.scope import engine_scope, staff_scope, tenant_scope
from tests import factories

HOUR = timedelta(hours=1)


def forget_what_was_compared(monkeypatch):
    return lambda: monkeypatch.setattr(gate, "_compared", None)


def put_back(marks: int = 1, **fields) -> None:
    """As many marks are unknown to the database as after the restore of an older one."""
    row = mode.installation()
    with engine_scope():
        Installation.objects.update(generation=row.generation - marks, **fields)


def declare(backup_at: datetime) -> None:
    assert mode.begin(Installation.Because.DECLARED, backup_at=backup_at)


def due(now: datetime | None = None) -> datetime:
    """The instant of `make_schedule` that was due when the backup was made: some minutes more than an hour ago."""
    return (now or timezone.now()).replace(second=0, microsecond=0) - timedelta(minutes=70)


def make_schedule(tenant, report, *addresses: str, **fields):
    at = due()
    fields = {"cron": f"{at.minute} {at.hour} * * *", "timezone": "UTC", "next_run_at": at, "formats": ["CSV"]} | fields
    schedule = factories.make_schedule(tenant=tenant, report=report, visual_ids=["table-1"], **fields)
    people = [_person(tenant, address) for address in addresses or ("kim@acme.example", "lee@acme.example")]
    factories.make_audience(schedule=schedule, recipients=people)
    return schedule


def _person(tenant, address: str) -> Recipient:
    with tenant_scope(tenant):
        return Recipient.objects.get_or_create(tenant=tenant, email=address)[0]


def left(schedule, address: str, planned_at: datetime | None = None, **facts) -> Line:
    """A mail of a run that the database does not know."""
    return log(schedule.tenant_id, address, schedule=schedule.pk, planned_at=planned_at or schedule.next_run_at, **facts)


def log(tenant_id, address: str, **facts) -> Line:
    now = timezone.now()
    facts = {"id": uuid.uuid4(), "until": now, "at": now, "is_delivery": True, "channel": "email"} | facts
    line = Line(tenant=tenant_id, place=sent_log.places(tenant_id, address)[0], **facts)
    sent_log.leaving(line)
    return line


def audited(action: str, tenant=None) -> list[dict]:
    with tenant_scope(tenant) if tenant else staff_scope(factories.make_user(is_staff=True)):
        return [event.after for event in AuditEvent.objects.filter(action=action)]
