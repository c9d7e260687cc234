"""Accepting an invitation: once, by the person it was sent to."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from tenants.access import may
from tenants.audit import Actor, record
from tenants.models import Invitation, Membership, Tenant, TenantCode, User
from tenants.models.members import INVITED
from tenants.models.tenant import is_code
from tenants.scope import tenant_scope
from tenants.secrets import derived_tokens, secret_hash


class AlreadyAccepted(Exception):
    """Somebody was faster, or the invitation ended meanwhile."""


def url(invitation: Invitation) -> str:
    """The same as when it was issued. In the tenant's scope. Never stored, never logged."""
    tokens = list(derived_tokens(INVITED, str(invitation.pk)))
    known = [token for token in tokens if secret_hash(token) == bytes(invitation.token_sha256)]
    if not known:
        # Its key is gone: better a mail with a working address than the same address.
        Invitation.objects.filter(tenant=invitation.tenant_id, pk=invitation.pk).update(token_sha256=secret_hash(tokens[0]))
    return f"{settings.PORTAL_BASE_URL}/invitations/{invitation.tenant.code}/{(known or tokens)[0]}/"


def find(code: str, token: str, *, now: datetime) -> Invitation | None:
    """An open invitation with its tenant, or None for an unknown, expired or accepted one."""
    if not is_code(code):
        return None
    tenant_id = TenantCode.objects.filter(code=code).values_list("tenant_id", flat=True).first()
    if tenant_id is None:
        return None
    with tenant_scope(tenant_id):
        return Invitation.objects.open(now).with_token(token).filter(tenant=tenant_id).select_related("tenant").first()


def invited_user(invitation: Invitation) -> User | None:
    """The account that the invited address already has. Outside any scope."""
    return User.objects.filter(email=invitation.email).first()


def accept(invitation: Invitation, user: User, actor: Actor, *, now: datetime) -> Tenant:
    """Makes `user` a member. A membership that exists keeps its role. Raises AlreadyAccepted, also where its inviter may invite no more."""
    with transaction.atomic(), tenant_scope(invitation.tenant_id):
        if not _inviter_may(invitation):
            raise AlreadyAccepted
        taken = Invitation.objects.open(now).filter(pk=invitation.pk, tenant=invitation.tenant_id).update(accepted_at=now)
        if not taken:
            raise AlreadyAccepted
        membership, _ = Membership.objects.get_or_create(tenant=invitation.tenant, user=user, defaults={"role": invitation.role})
        record(actor, "invitation.accepted", now=now, tenant=invitation.tenant, about=membership, after={"role": membership.role})
    return invitation.tenant


def _inviter_may(invitation: Invitation) -> bool:
    """Asked again, because the inviter may have lost the role in the very moment the invitation was written. The platform always may."""
    inviters = Membership.objects.filter(tenant=invitation.tenant_id, user__email=invitation.invited_by, user__is_active=True)
    return not invitation.invited_by or any(may(role, "members.manage") for role in inviters.values_list("role", flat=True))
