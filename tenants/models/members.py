"""Who belongs to a tenant, as what, and who was asked to."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from tenants.models.tenant import Tenant
from tenants.models.user import User
from tenants.secrets import derived_tokens, secret_hash

INVITATION_LIFE = timedelta(hours=72)
INVITED = "invitation"


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    ADMIN = "admin", _("Admin")
    VIEWER = "viewer", _("Viewer")


class Membership(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role)
    digest = models.BooleanField(default=True, db_default=True, help_text="An owner gets a mail about each week.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "user"], name="one_membership_per_person_and_tenant"),)

    def __str__(self) -> str:
        return f"{self.role}"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, now: datetime) -> InvitationQuerySet:
        return self.filter(accepted_at=None, expires_at__gt=now)

    def with_token(self, token: str) -> InvitationQuerySet:
        return self.filter(token_sha256=secret_hash(token))


class Invitation(models.Model):
    """A one-time offer of membership to one address. Only the hash of its token is kept."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=8, choices=Role)
    token_sha256 = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, help_text="NULL: still open, or expired.")
    invited_by = models.CharField(max_length=254, blank=True, help_text="E-mail; empty: the platform.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "token_sha256"], name="one_invitation_per_token"),)

    def __str__(self) -> str:
        return self.email

    @classmethod
    def issue(cls, tenant: Tenant, email: str, role: str, now: datetime, *, invited_by: str = "") -> tuple[Invitation, str]:
        """The invitation and its token. The token is not kept; only this portal can work it out again, for the mail."""
        invitation = cls(tenant=tenant, email=email.lower(), role=role, expires_at=now + INVITATION_LIFE, invited_by=invited_by)
        token = next(derived_tokens(INVITED, str(invitation.pk)))
        invitation.token_sha256 = secret_hash(token)
        invitation.save(force_insert=True)
        return invitation, token
