"""What a caller's `Idempotency-Key` was used for, so that the same request again gets the same answer."""

from __future__ import annotations

from django.db import models

from tenants.models import Tenant


class IdempotentRequest(models.Model):
    """Inserted first, in the transaction of its effect: both are there or neither is. Kept for 24 hours."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    family = models.UUIDField(help_text="Of API keys: a new secret of the same key repeats the old one's requests.")
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32, help_text="SHA-256 of method, path and body.")
    # Stored by the end of the same transaction: nobody else ever reads a row without them.
    status = models.PositiveSmallIntegerField(null=True, help_text="NULL: its effect is under way, in this very transaction.")
    headers: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(default=dict)
    sealed_body = models.TextField(blank=True, help_text="May hold what is shown once, so it is encrypted: tenants/encryption.py reads it.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "family", "key"], name="one_request_per_idempotency_key"),)
        indexes = (models.Index(fields=["tenant", "created_at"], name="idempotent_request_by_time"),)

    def __str__(self) -> str:
        return f"{self.pk}"
