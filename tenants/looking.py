"""That platform staff looked into a company, for its audit trail."""

from __future__ import annotations

from datetime import datetime, timedelta

from tenants.audit import Actor, record
from tenants.models import AuditEvent, Tenant

LOOKED = "staff.looked"
# One line for a person who goes from page to page; what they do there has lines of its own.
ONCE_IN = timedelta(hours=1)


def looked(tenant: Tenant, actor: Actor, now: datetime) -> bool:
    """False: it stands there since less than ONCE_IN. Inside the tenant's scope."""
    lately = AuditEvent.objects.filter(tenant=tenant, action=LOOKED, actor=actor.label, at__gt=now - ONCE_IN)
    if lately.exists():
        return False
    record(actor, LOOKED, now=now, tenant=tenant, about=tenant)
    return True
