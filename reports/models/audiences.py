"""Who gets reports without an account: recipients, their groups, and the audiences of a schedule. And whom nothing is sent to."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from reports.models.schedules import Schedule
from tenants.models import Tenant


class RecipientQuerySet(models.QuerySet["Recipient"]):
    def for_tenant(self, tenant: Tenant) -> RecipientQuerySet:
        return self.filter(tenant=tenant)


class Recipient(models.Model):
    # Not kept in the audit trail, see tenants/audit_privacy.py.
    PERSONAL = ("email", "name")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="recipients", db_index=False)
    # In lower case, so that one person is one row.
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=5, choices=settings.LANGUAGES, blank=True, help_text="Empty: the tenant's.")
    external_id = models.CharField(max_length=200, blank=True, db_default="", help_text="The company's own; empty: it gave none.")
    created_at = models.DateTimeField(auto_now_add=True)
    # Set by triggers on every change.
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.PositiveIntegerField(db_default=1, editable=False)

    objects = RecipientQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "email"], name="one_recipient_per_address"),
            models.UniqueConstraint(
                fields=["tenant", "external_id"], condition=~models.Q(external_id=""), name="one_recipient_per_external_id"
            ),
        )
        indexes = (models.Index(fields=["tenant", "-created_at", "-id"], name="recipient_list"),)

    def __str__(self) -> str:
        return self.email


class RecipientGroup(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="groups", db_index=False)
    name = models.CharField(max_length=120)
    recipients = models.ManyToManyField(Recipient, through="GroupMember", related_name="groups")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "name"], name="one_group_per_name"),)

    def __str__(self) -> str:
        return self.name


class GroupMember(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    group = models.ForeignKey(RecipientGroup, on_delete=models.CASCADE, related_name="members")
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["group", "recipient"], name="once_in_a_group"),)

    def __str__(self) -> str:
        return f"{self.recipient_id}"


class Audience(models.Model):
    """Recipients of a schedule who get the same rows. The default audience has no name and gets the tenant's own rows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="audiences")
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="audiences")
    name = models.CharField(max_length=120, blank=True)
    session_tags = models.JSONField(default=dict, blank=True, help_text="Narrowing only: never a key of the tenant.")
    recipients = models.ManyToManyField(Recipient, through="AudienceRecipient", related_name="audiences")
    groups = models.ManyToManyField(RecipientGroup, through="AudienceGroup", related_name="audiences")
    destinations = models.ManyToManyField("reports.Destination", through="reports.AudienceDestination", related_name="audiences")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # Set by triggers on every change, of who is in it too.
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.PositiveIntegerField(db_default=1, editable=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["schedule", "name"], name="one_audience_per_name"),)
        indexes = (models.Index(fields=["tenant", "-created_at", "-id"], name="audience_list"),)

    def __str__(self) -> str:
        return self.name or "default"


class AudienceRecipient(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="members")
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["audience", "recipient"], name="once_in_an_audience"),)

    def __str__(self) -> str:
        return f"{self.recipient_id}"


class AudienceGroup(models.Model):
    """Everybody who is in the group when the schedule runs."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="audience_groups")
    group = models.ForeignKey(RecipientGroup, on_delete=models.CASCADE, related_name="audience_groups")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["audience", "group"], name="a_group_once_in_an_audience"),)

    def __str__(self) -> str:
        return f"{self.group_id}"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def named(self) -> SuppressionQuerySet:
        """Without those of people who were erased."""
        return self.exclude(email="")


class Suppression(models.Model):
    """An address that this tenant's mails do not go to. It outlives the recipient: added again, the person still gets nothing."""

    class Reason(models.TextChoices):
        UNSUBSCRIBED = "unsubscribed", _("Stopped emails")
        BOUNCED = "bounced", _("Bounced")
        COMPLAINED = "complained", _("Marked as spam")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    # Of a person who was erased only a hash is left: enough to keep their word, should somebody add them again.
    email = models.EmailField(blank=True, help_text="Empty: of somebody who was erased.")
    address_hmac = models.BinaryField(max_length=32, null=True, help_text="NULL: the address itself is there.")
    reason = models.CharField(max_length=12, choices=Reason)
    detail = models.CharField(max_length=500, blank=True, help_text="What the other mail server said.")
    at = models.DateTimeField()

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "email"], condition=~models.Q(email=""), name="one_suppression_per_address"),
            models.UniqueConstraint(fields=["tenant", "address_hmac"], name="one_suppression_per_hash"),
            models.CheckConstraint(
                condition=models.Q(email="", address_hmac__isnull=False) | (~models.Q(email="") & models.Q(address_hmac=None)),
                name="a_suppression_has_an_address_or_a_hash",
            ),
        )

    def __str__(self) -> str:
        return self.email
