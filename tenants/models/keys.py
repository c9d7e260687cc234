"""API keys. The secret is hashed; ours look like fan_<tenant code>_<secret>, any text of 32 or more characters is accepted."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models

from tenants.models.tenant import Tenant

MIN_KEY_LENGTH = 32
USE_NOTED_EVERY = timedelta(minutes=1)
READ_WRITE = ("schedules", "audiences", "links", "webhooks")
SCOPES = (
    "jobs:read",
    "jobs:write",
    "reports:read",
    *(f"{noun}:{verb}" for noun in READ_WRITE for verb in ("read", "write")),
    "usage:read",
)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self, now: datetime) -> ApiKeyQuerySet:
        return self.filter(revoked_at=None).filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now))

    def note_use(self, key: ApiKey, now: datetime) -> None:
        """At most one write a minute: a busy key must not turn each read into an update of the same row."""
        self.filter(pk=key.pk).filter(models.Q(last_used_at=None) | models.Q(last_used_at__lt=now - USE_NOTED_EVERY)).update(
            last_used_at=now
        )


class ApiKey(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    scopes = ArrayField(models.CharField(max_length=32))
    sha256 = models.BinaryField(max_length=32)
    hint = models.CharField(max_length=4, help_text="The last characters, to tell keys apart.")
    expires_at = models.DateTimeField(null=True, help_text="NULL: no end.")
    last_used_at = models.DateTimeField(null=True, help_text="NULL: never used.")
    revoked_at = models.DateTimeField(null=True, help_text="NULL: in force.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "name"], condition=models.Q(revoked_at=None), name="one_live_key_per_name"),
        )

    def __str__(self) -> str:
        return self.name

    def allows(self, scope: str) -> bool:
        """Writing includes reading."""
        return scope in self.scopes or (scope.endswith(":read") and scope.replace(":read", ":write") in self.scopes)


class ApiKeyIndex(models.Model):
    """Hash of a key to its tenant, readable before a tenant is known. A hash tells nothing to who does not hold the key."""

    sha256 = models.BinaryField(max_length=32, primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return "key"
