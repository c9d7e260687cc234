"""What was done, by whom, to what. Append-only: the database refuses changes, see the migration."""

from __future__ import annotations

import uuid

from django.db import models

from tenants.models.tenant import Tenant


class AuditEvent(models.Model):
    # Made here, not by the database: a login may insert a row about nobody's tenant without being able to read it back.
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField()
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, null=True, related_name="+", help_text="NULL: not inside a tenant.")
    actor = models.CharField(max_length=254, help_text="E-mail, key name, link or command.")
    impersonator = models.CharField(max_length=254, blank=True)
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=40, blank=True)
    object_id = models.CharField(max_length=64, blank=True)
    before = models.JSONField(null=True, help_text="NULL: nothing was there.")
    after = models.JSONField(null=True, help_text="NULL: nothing is left.")
    ip = models.GenericIPAddressField(null=True, help_text="NULL: not over the network.")
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["tenant", "-at", "-id"], name="audit_by_tenant_and_time"),
            models.Index(fields=["tenant", "action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["tenant", "actor", "-at", "-id"], name="audit_by_actor"),
            models.Index(
                fields=["tenant", "impersonator", "-at", "-id"], condition=~models.Q(impersonator=""), name="audit_by_impersonator"
            ),
            models.Index(fields=["tenant", "object_id", "-at", "-id"], condition=~models.Q(object_id=""), name="audit_by_object"),
        )

    def __str__(self) -> str:
        return self.action
