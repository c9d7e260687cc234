"""Who belongs to a tenant, and as what. In its scope; each change acts on the person's next request."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db.models import QuerySet

from tenants.access import may
from tenants.audit import Actor, record
from tenants.keys import revoke_of_member
from tenants.models import Invitation, Membership, Tenant
from tenants.models.members import Role


class LastOwner(Exception):
    """Nobody could manage the company any more: somebody else has to be made an owner first."""


def change_role(tenant: Tenant, membership_id: uuid.UUID, role: Role, actor: Actor, now: datetime) -> Membership | None:
    """Their API keys do from now on no more than the new role may. None: no such member, or they have that role. Raises LastOwner."""
    owners = lock_owners(tenant)
    found = _with_people(tenant).filter(pk=membership_id).exclude(role=role).first()
    if found is None:
        return None
    _refuse_last(owners, found)
    before, found.role = found.role, role
    found.save(update_fields=["role"])
    if not may(role, "members.manage"):
        # Whoever may invite nobody has nobody invited.
        Invitation.objects.filter(tenant=tenant, accepted_at=None, invited_by=found.user.email).delete()
    record(actor, "member.role_changed", now=now, tenant=tenant, about=found, before=_facts(found, before), after=_facts(found, role))
    return found


def remove(tenant: Tenant, membership_id: uuid.UUID, actor: Actor, now: datetime) -> Membership | None:
    """With their API keys and what they were invited to. The caller ends their sessions. None: no such member. Raises LastOwner."""
    owners = lock_owners(tenant)
    found = _with_people(tenant).filter(pk=membership_id).first()
    if found is None:
        return None
    _refuse_last(owners, found)
    ended = revoke_of_member(tenant, found.user, actor, now)
    # One sent before would let them in again by a mail they still have; and who invites is answerable for whom they invited.
    asked = Invitation.objects.filter(tenant=tenant, accepted_at=None)
    withdrawn = asked.filter(email=found.user.email).delete()[0] + asked.filter(invited_by=found.user.email).delete()[0]
    before = _facts(found, found.role)
    record(actor, "member.removed", now=now, tenant=tenant, about=found, before=before, after={"keys": ended, "invitations": withdrawn})
    Membership.objects.filter(tenant=tenant, pk=found.pk).delete()
    return found


def lock_owners(tenant: Tenant) -> list[uuid.UUID]:
    """Held until the end of the transaction: two owners who demote each other at one moment take turns. Who cannot sign in is none."""
    rows = Membership.objects.select_for_update(of=("self",)).filter(tenant=tenant, role=Role.OWNER, user__is_active=True)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def language_of_member(tenant: Tenant, address: str) -> str:
    """What they chose to read. Empty: nothing, or no member has this address."""
    return Membership.objects.filter(tenant=tenant, user__email=address).values_list("user__language", flat=True).first() or ""


def members(tenant: Tenant) -> list[Membership]:
    """Owners first, then by name."""
    order = list(Role)
    return sorted(_with_people(tenant), key=lambda row: (order.index(Role(row.role)), row.user.display_name.lower()))


def _with_people(tenant: Tenant) -> QuerySet[Membership]:
    """Of a person only what a tenant may read."""
    columns = ("tenant_id", "role", "created_at", "user__email", "user__name", "user__is_active")
    return Membership.objects.filter(tenant=tenant).select_related("user").only(*columns)


def _refuse_last(owners: list[uuid.UUID], member: Membership) -> None:
    if owners == [member.pk]:
        raise LastOwner


def _facts(member: Membership, role: str) -> dict[str, str]:
    return {"email": member.user.email, "role": role}
