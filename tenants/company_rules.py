"""What owners decide for their company. In its scope."""

from __future__ import annotations

from datetime import datetime

from tenants import visiting
from tenants.audit import Actor, record
from tenants.models import Tenant


def set_second_step(tenant: Tenant, mfa: str, actor: Actor, now: datetime) -> bool:
    """Counts from each person's next request. False: it was so already."""
    return _set(tenant, "mfa", mfa, "company.second_step_set", actor, now)


def allow_support(tenant: Tenant, allowed: bool, actor: Actor, now: datetime) -> bool:
    """Taken back, it ends the visits that go on. False: it was so already."""
    changed = _set(tenant, "allows_support", allowed, "company.support_set", actor, now)
    if changed and not allowed:
        visiting.end_all_in(tenant, actor, now)
    return changed


def _set(tenant: Tenant, field: str, value: str | bool, action: str, actor: Actor, now: datetime) -> bool:
    before = getattr(tenant, field)
    if not Tenant.objects.filter(pk=tenant.pk, **{field: before}).exclude(**{field: value}).update(**{field: value}):
        return False
    record(actor, action, now=now, tenant=tenant, about=tenant, before={field: before}, after={field: value})
    setattr(tenant, field, value)
    return True
