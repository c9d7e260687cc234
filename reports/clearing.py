"""Clearing the queue: cancelling all that waits of a tenant, a report or a schedule, with a reason that its people can read."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from reports import jobs
from reports.models import Report, Schedule, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from reports.occurrences.locking import lock_occurrences
from reports.recalling import MOST_REASON
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant, TenantCode
from tenants.scope import tenant_scope

# Of one transaction: while it lasts, none of these jobs can start and their counts stand still.
BATCH = 100


def count(*, tenant: Tenant | None = None, report: Report | None = None, schedule: Schedule | None = None) -> int:
    """How many jobs `clear` would cancel. Outside any scope."""
    total = 0
    for tenant_id in _tenant_ids(tenant, schedule):
        with tenant_scope(tenant_id):
            total += _waiting(tenant_id, report, schedule).count()
    return total


def clear(
    *,
    actor: Actor,
    because: str,
    now: datetime,
    tenant: Tenant | None = None,
    report: Report | None = None,
    schedule: Schedule | None = None,
) -> int:
    """Cancel what waits and fits all that is given; without any of them everything. How many jobs. Outside any scope.

    Raises Refused without a reason, and has cancelled nothing then. Broken off in the middle it may be asked again.
    """
    because = " ".join(because.split())
    if not 0 < len(because) <= MOST_REASON:
        detail = _("Say in 1 to %(limit)d characters why: people read it on the page of their job.") % {"limit": MOST_REASON}
        raise Refused("reason_missing", detail, (Place(("because",), "invalid", detail),))
    return sum(_clear(tenant_id, report, schedule, actor, because, now) for tenant_id in _tenant_ids(tenant, schedule))


def _tenant_ids(tenant: Tenant | None, schedule: Schedule | None) -> list[uuid.UUID]:
    """Every tenant where none is meant. Their codes are what both logins may read outside of any tenant."""
    meant = {found for found in (tenant and tenant.pk, schedule and schedule.tenant_id) if found}
    if len(meant) > 1:
        return []
    return list(meant) or list(TenantCode.objects.order_by("tenant").values_list("tenant", flat=True))


def _waiting(tenant_id: uuid.UUID, report: Report | None, schedule: Schedule | None) -> SnapshotJobQuerySet:
    # A dry run of staff is not the tenant's to see in a number; discarding its draft cancels it.
    waiting = SnapshotJob.objects.filter(tenant=tenant_id, dry_run_tags__isnull=True, status=SnapshotJob.Status.QUEUED)
    waiting = waiting.filter(report=report) if report else waiting
    return waiting.filter(occurrence__schedule=schedule) if schedule else waiting


def _clear(tenant_id: uuid.UUID, report: Report | None, schedule: Schedule | None, actor: Actor, because: str, now: datetime) -> int:
    with tenant_scope(tenant_id):
        found = _waiting(tenant_id, report, schedule).count()
        if found:
            after = {"jobs": found, "because": because, "report": report and report.slug, "schedule": schedule and schedule.slug}
            record(actor, "queue.cleared", now=now, tenant=Tenant.objects.get(pk=tenant_id), after=after)
    cleared = 0
    while found and (batch := _clear_some(tenant_id, report, schedule, actor, because, now)):
        cleared += batch
    return cleared


def _clear_some(tenant_id: uuid.UUID, report: Report | None, schedule: Schedule | None, actor: Actor, because: str, now: datetime) -> int:
    """In the order in which their queues are locked by all who count there."""
    with tenant_scope(tenant_id):
        waiting = _waiting(tenant_id, report, schedule).select_related("tenant", "report")
        batch = list(waiting.select_for_update(of=("self",)).order_by("account", "lane", "created_at", "pk")[:BATCH])
        lock_occurrences(tenant_id, [job.occurrence_id for job in batch])
        return sum(jobs.take_back(job, now, "cleared", actor=actor.label, because=because) for job in batch)
