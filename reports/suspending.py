"""Suspending a company and letting it go on: platform staff do, for a reason that its people read."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from reports import pausing
from reports.models import Pause
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant

PAUSED = (Pause.Kind.TENANT, Pause.Kind.DELIVERY)


def suspend(tenant: Tenant, actor: Actor, because: str, now: datetime) -> bool:
    """False: it was suspended before, and nothing changed. Raises Refused without a reason. In the staff scope."""
    because = " ".join(because.split())
    if not 0 < len(because) <= pausing.MOST_BECAUSE:
        detail = _("Say in 1 to %(n)d characters why: the company's people read it.") % {"n": pausing.MOST_BECAUSE}
        raise Refused("reason_needed", detail, (Place(("because",), "invalid", detail),))
    if not Tenant.objects.filter(pk=tenant.pk, suspended_at=None).update(suspended_at=now, suspended_because=because):
        return False
    for kind in PAUSED:
        pausing.pause(kind, tenant, actor, because, now)
    record(actor, "tenant.suspended", now=now, tenant=tenant, about=tenant, after={"because": because})
    return True


def resume(tenant: Tenant, actor: Actor, now: datetime) -> bool:
    """False: it was not suspended. In the staff scope."""
    found = Tenant.objects.select_for_update(of=("self",)).get(pk=tenant.pk)
    if found.suspended_at is None:
        return False
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=None, suspended_because="")
    for kind in PAUSED:
        pausing.resume(kind, tenant, actor, now)
    record(actor, "tenant.resumed", now=now, tenant=tenant, about=tenant, before={"because": found.suspended_because})
    return True
