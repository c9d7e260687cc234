"""API keys. The secret is hashed; ours look like fan_<tenant code>_<secret>, any text of 32 or more characters is accepted."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models

from tenants.models.tenant import Tenant
from tenants.models.user import User

MIN_KEY_LENGTH = 32
USE_NOTED_EVERY = timedelta(minutes=1)
READ_WRITE = ("schedules", "audiences", "links", "webhooks")
SCOPES = (
    "jobs:read",
    "jobs:write",
    "reports:read",
    *(f"{noun}:{verb}" for noun in READ_WRITE for verb in ("read", "write")),
    "usage:read",
    # Shows what rows were shown by: for owners to give.
    "proof:read",
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
    # It can never do more than its maker may, and ends with the membership.
    created_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", help_text="NULL: made by the platform, not by a member."
    )
    # The key that took its place has the same; what belongs to "the key" for longer than a rotation is kept under it.
    family = models.UUIDField(default=uuid.uuid4, db_default=RandomUUID(), editable=False)
    replaced_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, related_name="+", help_text="NULL: the newest of its family."
    )
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
            models.UniqueConstraint(
                fields=["tenant", "name"], condition=models.Q(revoked_at=None, replaced_by=None), name="one_live_key_per_name"
            ),
            # Two of a family live side by side while it rotates, and no more.
            models.UniqueConstraint(
                fields=["tenant", "family"], condition=models.Q(revoked_at=None, replaced_by=None), name="one_newest_key_per_family"
            ),
            models.UniqueConstraint(
                fields=["tenant", "family"],
                condition=models.Q(revoked_at=None) & ~models.Q(replaced_by=None),
                name="one_older_key_per_family",
            ),
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
