"""Schedules off, on and away: what it means for their rows, and a line of the audit trail for each. One schedule or many take as many
statements.

In the tenant's scope. Several are locked by whoever asks, who has looked whether it may be; of a single one that is as wanted already
nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from reports.models import Schedule
from reports.occurrences import noting
from tenants.audit import Actor, record_each
from tenants.models import Tenant


def pause(tenant: Tenant, schedules: Sequence[Schedule], actor: Actor, now: datetime, action: str = "schedule.paused") -> None:
    """Planned instants go on to be noted, as skipped."""
    _change(tenant, schedules, actor, now, action, {"enabled": True}, enabled=False, paused_at=now, paused_by=actor.label)


def may_resume(schedule: Schedule, now: datetime) -> bool:
    """Not what the portal itself paused: that has to be put right first. The row is locked.

    What came due while it was paused and is not noted yet was skipped, and must not run now as if the portal had been down.
    """
    noting.note_all(schedule, now)
    return not schedule.fault


def resume(tenant: Tenant, schedules: Sequence[Schedule], actor: Actor, now: datetime, action: str = "schedule.resumed") -> None:
    """From the next planned instant on, once `may_resume` said so."""
    _change(tenant, schedules, actor, now, action, {"enabled": False}, enabled=True, paused_at=None, paused_by="")


def retire(tenant: Tenant, schedules: Sequence[Schedule], actor: Actor, now: datetime) -> None:
    """They run no more; their history stays."""
    _change(tenant, schedules, actor, now, "schedule.retired", {}, retired_at=now)


def _change(
    tenant: Tenant, schedules: Sequence[Schedule], actor: Actor, now: datetime, action: str, only: dict[str, bool], **values: object
) -> None:
    rows = Schedule.objects.for_tenant(tenant).kept().filter(pk__in=[schedule.pk for schedule in schedules], **only)
    if rows.update(**values):
        record_each(actor, action, [(schedule, None, None) for schedule in schedules], now=now, tenant=tenant)
