"""Visits of platform staff to a company: begun for a reason, over after half an hour or when either side ends them."""

from __future__ import annotations

import uuid
from datetime import datetime

from tenants.audit import Actor, record
from tenants.models import SupportVisit, Tenant, User
from tenants.models.members import Role
from tenants.models.support import VISIT_LIFE


class VisitRefused(Exception):
    """The company lets no staff in."""


def begin(staff: User, tenant: Tenant, role: Role, ticket: str, reason: str, actor: Actor, now: datetime) -> SupportVisit:
    """In staff's scope. A person visits one company at a time: an earlier visit ends. Raises VisitRefused."""
    # As it is now: an owner may have shut the door since the page was drawn.
    if not Tenant.objects.filter(pk=tenant.pk, allows_support=True).exists():
        raise VisitRefused
    end_all_of(staff, actor, now)
    visit = SupportVisit.objects.create(
        tenant=tenant, staff=staff, role=role, ticket=ticket, reason=reason, since=now, until=now + VISIT_LIFE
    )
    record(actor, "visit.begun", now=now, tenant=tenant, about=visit, after={"ticket": ticket, "reason": reason, "role": role})
    return visit


def let_act(visit: SupportVisit, reason: str, actor: Actor, now: datetime) -> bool:
    """In staff's scope: from now on it may do what tenants.access.VISIT_ACTS names. False: it is over."""
    if not SupportVisit.objects.going_on(now).filter(pk=visit.pk).update(may_act=True):
        return False
    record(actor, "visit.raised", now=now, tenant=visit.tenant, about=visit, after={"ticket": visit.ticket, "reason": reason})
    return True


def end(visit: SupportVisit, actor: Actor, now: datetime) -> bool:
    """In staff's scope or the tenant's. False: it was over before."""
    if not SupportVisit.objects.filter(pk=visit.pk, ended_at=None).update(ended_at=min(now, visit.until)):
        return False
    record(actor, "visit.ended", now=now, tenant=visit.tenant, about=visit, after={"ticket": visit.ticket})
    return True


def end_all_of(staff: User, actor: Actor, now: datetime) -> None:
    """In staff's scope. Those that ran out by themselves are closed as well: only one of a person may be open."""
    for visit in SupportVisit.objects.select_related("tenant").filter(staff=staff, ended_at=None):
        end(visit, actor, now)


def end_all_in(tenant: Tenant, actor: Actor, now: datetime) -> None:
    """In the tenant's scope."""
    for visit in SupportVisit.objects.select_related("tenant").filter(tenant=tenant).going_on(now):
        end(visit, actor, now)


def find(visit_id: uuid.UUID, staff: User, now: datetime) -> SupportVisit | None:
    """In staff's scope: a visit of this person that goes on, of a company that still lets staff in."""
    found = SupportVisit.objects.going_on(now).select_related("tenant").filter(pk=visit_id, staff=staff)
    return found.filter(tenant__allows_support=True).first()
