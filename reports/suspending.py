"""Suspending a company and letting it go on: platform staff do, for a reason that its people read.

From the commit on its people and keys are refused (tenants/suspension.py), its links open nothing, and none of its jobs starts and none of
its mail leaves, because both are paused. Planned runs are noted as skipped. Nothing is removed, and what runs ends in order.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from reports import pausing
from reports.models import Pause, Schedule
from reports.occurrences import noting
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.suspension import one_at_a_time

PAUSED = (Pause.Kind.TENANT, Pause.Kind.DELIVERY)


def suspend(tenant: Tenant, actor: Actor, because: str, now: datetime) -> bool:
    """False: it was suspended before, and nothing changed. Raises Refused without a reason. In the staff scope."""
    because = _reason(because)
    one_at_a_time(tenant)
    if not Tenant.objects.filter(pk=tenant.pk, suspended_at=None).update(suspended_at=now, suspended_because=because):
        return False
    for kind in PAUSED:
        # One that somebody made before stays as it is, also after the resumption.
        pausing.pause(kind, tenant, actor, because, now)
    _record(actor, "tenant.suspended", tenant, now, after={"because": because})
    return True


def skip_what_came_due(tenant: Tenant, now: datetime) -> None:
    """Before `resume`: runs that were planned meanwhile and are not noted yet, because no worker ran, must not run now as if late.

    In the tenant's scope.
    """
    due = Schedule.objects.for_tenant(tenant).kept().filter(next_run_at__lte=now)
    for schedule in due.order_by("pk").select_for_update(of=("self",)):
        noting.note_all(schedule, now)


def resume(tenant: Tenant, actor: Actor, now: datetime) -> bool:
    """False: it was not suspended. What waits goes on within seconds, by turns. In the staff scope."""
    one_at_a_time(tenant)
    found = Tenant.objects.get(pk=tenant.pk)
    if found.suspended_at is None:
        return False
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=None, suspended_because="")
    for kind in reversed(PAUSED):
        if Pause.objects.filter(kind=kind, tenant=tenant, since=found.suspended_at).exists():
            pausing.resume(kind, tenant, actor, now)
    before = {"because": found.suspended_because, "since": found.suspended_at.isoformat()}
    _record(actor, "tenant.unsuspended", tenant, now, before=before)
    return True


def _reason(because: str) -> str:
    because = " ".join(because.split())
    if not 0 < len(because) <= pausing.MOST_BECAUSE:
        detail = _("Say in 1 to %(n)d characters why: the company’s people read it.") % {"n": pausing.MOST_BECAUSE}
        raise Refused("reason_needed", detail, (Place(("because",), "invalid", detail),))
    return because


def _record(actor: Actor, action: str, tenant: Tenant, now: datetime, **change: dict[str, str]) -> None:
    """Twice: staff read what is about no company, and a company reads its own."""
    for reader in (tenant, None):
        record(actor, action, now=now, tenant=reader, about=tenant, **change)
