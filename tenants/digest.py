"""Whether an owner gets a mail about each week of a company."""

from __future__ import annotations

from datetime import datetime

from tenants.audit import Actor, record
from tenants.models import Membership


def want(member: Membership, actor: Actor, wants: bool, *, now: datetime) -> None:
    """In the tenant's scope. Twice changes nothing."""
    if Membership.objects.filter(tenant=member.tenant_id, pk=member.pk, digest=not wants).update(digest=wants):
        record(actor, "member.digest_on" if wants else "member.digest_off", now=now, tenant=member.tenant, about=member)
