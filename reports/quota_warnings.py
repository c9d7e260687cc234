"""Telling a company's owners that most of a quota is used, before anything is refused: once for each quota and period."""

from __future__ import annotations

import hashlib
from datetime import datetime

from reports import notices, quotas, usage
from reports.models import Notice
from reports.quotas import Standing
from tenants.models import Membership, Tenant
from tenants.models.members import Role


def warn(tenant: Tenant, now: datetime) -> list[Notice]:
    """The new notices. In the tenant's scope."""
    near = [standing for standing in quotas.standings(tenant, now) if standing.is_near]
    if not near:
        return []
    asked = [_ask(tenant, standing, owner, now) for standing in near for owner in owners(tenant)]
    return [notice for notice, is_new in asked if is_new]


def _ask(tenant: Tenant, standing: Standing, owner: str, now: datetime) -> tuple[Notice, bool]:
    day = usage.day_of(tenant, now)
    # What fills and empties within a day is told once a day, what fills up slowly once a month.
    period = day if standing.kind in quotas.DAILY else usage.month_of(day)
    key = f"quota:{standing.kind}:{period.isoformat()}:{hashlib.sha256(owner.encode()).hexdigest()[:16]}"
    return notices.ask_for(tenant, Notice.Kind.QUOTA, key, owner, now=now, data={"quota": standing.kind})


def owners(tenant: Tenant) -> list[str]:
    """Their addresses. In the tenant's scope."""
    owners = Membership.objects.filter(tenant=tenant, role=Role.OWNER, user__is_active=True)
    return sorted(owners.values_list("user__email", flat=True))
