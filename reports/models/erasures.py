"""The record that an end customer was erased. It tells how much was removed, and nothing of whom."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from tenants.models import Tenant


class AddressKey(models.Model):
    """What a company's addresses are hashed with where nothing but a hash may be left of them.

    Encrypted: without the portal's keys a copy of the database lets nobody try addresses.
    """

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+")
    sealed = models.TextField(help_text="tenants/encryption.py reads it.")

    def __str__(self) -> str:
        return "address key"


class Erasure(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    # Keyed: only who knows the address can ask whether it was erased.
    address_hmac = models.BinaryField(max_length=32)
    by = models.CharField(max_length=254)
    reason = models.CharField(max_length=300)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="NULL: its objects are still being removed.")
    removed: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, help_text="Rows by table, and objects.")

    class Meta:
        indexes = (models.Index(fields=["tenant", "-at"], name="erasure_list"),)

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def row_count(self) -> int:
        return sum(self.removed.get("rows", {}).values())

    @property
    def file_count(self) -> int:
        return int(self.removed.get("files", 0))
