"""Destinations: a company's servers, buckets and channels that get files, or a link to them, without anybody clicking."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from reports.models.audiences import Audience
from tenants.models import Tenant


class DestinationQuerySet(models.QuerySet["Destination"]):
    def for_tenant(self, tenant: Tenant) -> DestinationQuerySet:
        return self.filter(tenant=tenant)


class Destination(models.Model):
    class Kind(models.TextChoices):
        SFTP = "sftp", _("SFTP server")
        S3 = "s3", _("Amazon S3 bucket")
        SLACK = "slack", _("Slack channel")
        TEAMS = "teams", _("Microsoft Teams channel")

    class Status(models.TextChoices):
        UNTESTED = "untested", _("Not tested")
        OK = "ok", _("Works")
        FAILING = "failing", _("Failing")  # its last test or delivery failed; deliveries go on being tried
        STOPPED = "stopped", _("Stopped")  # nothing is sent until somebody has put it right, and a test passed

    # Get a message with a link; the others get the files themselves.
    CHATS: ClassVar = frozenset({Kind.SLACK, Kind.TEAMS})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=5, choices=Kind)
    name = models.CharField(max_length=120)
    # By kind, see reports/destinations/config.py. No secret.
    config: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict)
    sealed_secret = models.TextField(blank=True, help_text="tenants/encryption.py reads it. Empty: none is needed.")
    secret_set_at = models.DateTimeField(null=True, help_text="NULL: none is needed.")
    status = models.CharField(max_length=8, choices=Status, default=Status.UNTESTED)
    failure_code = models.CharField(
        max_length=24, blank=True, help_text="Of the last failure, as in reports/delivery/failures.py. Empty: it works, or was never tried."
    )
    failing_since = models.DateTimeField(null=True, help_text="NULL: it works, or was never tried.")
    # {"at", "ok", "text", "seconds", "steps": [{"step", "state", "text"}]}; see reports/destinations/testing.py.
    last_test: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = models.JSONField(null=True, help_text="NULL: never tested.")
    last_sent_at = models.DateTimeField(null=True, help_text="NULL: nothing arrived there yet.")
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    # Set by triggers on every change of name, config or secret.
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.PositiveIntegerField(db_default=1, editable=False)

    objects = DestinationQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "name"], name="one_destination_per_name"),
            models.CheckConstraint(
                condition=Q(sealed_secret="", secret_set_at=None) | ~Q(sealed_secret="") & Q(secret_set_at__isnull=False),
                name="a_secret_has_a_time",
            ),
        )
        indexes = (models.Index(fields=["tenant", "-created_at", "-id"], name="destination_list"),)

    def __str__(self) -> str:
        return self.name

    @property
    def is_chat(self) -> bool:
        return self.kind in self.CHATS


class AudienceDestination(models.Model):
    """The files with an audience's rows go there too."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="audience_destinations")
    # Whoever deletes a destination first takes it out of what uses it.
    destination = models.ForeignKey(Destination, on_delete=models.PROTECT, related_name="audience_destinations")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["audience", "destination"], name="a_destination_once_in_an_audience"),)

    def __str__(self) -> str:
        return f"{self.destination_id}"
