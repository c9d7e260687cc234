"""Session tags that staff are about to give a tenant: reviewed, tried in a dry run, then put in force or discarded."""

from __future__ import annotations

import hashlib
import json
import uuid

from django.db import models
from django.db.models import Q

from reports.models.jobs import SnapshotJob
from tenants.models import Tenant


class TagDraft(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    # The whole set, as it would be. And what it was made from: in force only while the tenant's tags are still these.
    tags: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField()
    instead_of: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField()
    dry_run = models.ForeignKey(SnapshotJob, on_delete=models.SET_NULL, null=True, related_name="+", help_text="NULL: not tried.")
    by = models.CharField(max_length=254)
    reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="In force, or discarded. NULL: neither yet.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant"], condition=Q(ended_at=None), name="one_open_tag_draft_per_tenant"),)

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def fingerprint(self) -> str:
        """Of what it would change: what somebody reviewed is what they put in force, or neither."""
        return hashlib.sha256(json.dumps([self.tags, self.instead_of], sort_keys=True).encode()).hexdigest()
