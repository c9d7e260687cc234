"""API keys. The secret is hashed; ours look like fan_<tenant code>_<secret>, any text of 32 or more characters is accepted."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models

from tenants.models.members import Membership
from tenants.models.tenant import Tenant
from tenants.models.user import User

# A key travels in one header line.
MIN_KEY_LENGTH, MAX_KEY_LENGTH = 32, 512
USE_NOTED_EVERY = timedelta(minutes=1)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def not_revoked(self) -> ApiKeyQuerySet:
        return self.filter(revoked_at=None)

    def newest(self) -> ApiKeyQuerySet:
        """Of each family the one in force: it has the name."""
        return self.not_revoked().filter(replaced_by=None)

    def older(self) -> ApiKeyQuerySet:
        """Replaced, and working until their end."""
        return self.not_revoked().exclude(replaced_by=None)

    def ends_later_than(self, moment: datetime) -> ApiKeyQuerySet:
        return self.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=moment))

    def usable(self, now: datetime) -> ApiKeyQuerySet:
        return self.not_revoked().ends_later_than(now)

    def ended(self, now: datetime) -> ApiKeyQuerySet:
        return self.exclude(pk__in=self.usable(now).values("pk"))

    def with_maker_role(self) -> ApiKeyQuerySet:
        """`maker_role`: what its maker is in the company at this moment; None: not of it any more, or made by the platform.
        `made_by`: the maker's address, as long as they are of the company."""
        of_maker = Membership.objects.filter(tenant=models.OuterRef("tenant"), user=models.OuterRef("created_by"), user__is_active=True)
        return self.annotate(maker_role=models.Subquery(of_maker.values("role")), made_by=models.Subquery(of_maker.values("user__email")))

    def note_use(self, key: ApiKey, now: datetime, ip: str | None) -> None:
        """At most one write a minute: a busy key must not turn each read into an update of the same row."""
        if key.last_used_at is None or key.last_used_at < now - USE_NOTED_EVERY:
            unnoted = models.Q(last_used_at=None) | models.Q(last_used_at__lt=now - USE_NOTED_EVERY)
            self.filter(unnoted, pk=key.pk).update(last_used_at=now, last_used_from=ip)


class ApiKey(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="api_keys")
    NAME_LENGTH: ClassVar[int] = 80
    name = models.CharField(max_length=NAME_LENGTH)
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
    last_used_from = models.GenericIPAddressField(null=True, help_text="NULL: never used, or the address is not known.")
    revoked_at = models.DateTimeField(null=True, help_text="NULL: in force.")
    created_at = models.DateTimeField(auto_now_add=True)
    # Only as `with_maker_role` reads them.
    maker_role: str | None
    made_by: str | None

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


class ApiKeyIndex(models.Model):
    """Hash of a key to its tenant, readable before a tenant is known. A hash tells nothing to who does not hold the key."""

    sha256 = models.BinaryField(max_length=32, primary_key=True)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return "key"
