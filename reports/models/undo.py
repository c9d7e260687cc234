"""What a person did a moment ago on a page, kept as long as it can be taken back."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models

from tenants.models import Tenant, User


class Undo(models.Model):
    class Act(models.TextChoices):
        SCHEDULES_PAUSED = "schedules.paused"
        SCHEDULES_RESUMED = "schedules.resumed"
        SCHEDULES_REMOVED = "schedules.removed"
        RECIPIENTS_REMOVED = "recipients.removed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    # Who did it, and nobody else takes it back.
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    act = models.CharField(max_length=20, choices=Act)
    # By row: its id, how the act left it, and of what was deleted all that puts it back.
    rows: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField()
    created_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, help_text="NULL: not taken back.")

    class Meta:
        indexes = (models.Index(fields=["tenant", "created_at"], name="undo_old"),)

    def __str__(self) -> str:
        return self.act
