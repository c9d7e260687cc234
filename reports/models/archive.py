"""Visits of end customers, who have no account, to what was sent to their address."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from tenants.models import Tenant


class ArchiveVisitQuerySet(models.QuerySet["ArchiveVisit"]):
    def for_tenant(self, tenant: Tenant) -> ArchiveVisitQuerySet:
        return self.filter(tenant=tenant)


class ArchiveVisit(models.Model):
    """One mailed address of the archive, opened once, and the browser that opened it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    # In lower case. All that its visitor sees is what was sent to it.
    email = models.EmailField()
    language = models.CharField(max_length=5)
    token_sha256 = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, help_text="NULL: nobody used the mailed address yet.")
    session_sha256 = models.BinaryField(max_length=32, null=True, help_text="Of what its browser was given. NULL: not opened yet.")
    session_ends_at = models.DateTimeField(null=True, help_text="NULL: not opened yet.")
    ended_at = models.DateTimeField(null=True, help_text="NULL: nobody closed it.")
    created_at = models.DateTimeField()

    objects = ArchiveVisitQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "token_sha256"], name="one_archive_visit_per_token"),
            models.UniqueConstraint(fields=["tenant", "session_sha256"], name="one_archive_visit_per_session"),
            models.CheckConstraint(condition=~Q(email=""), name="an_archive_is_somebodys"),
            models.CheckConstraint(
                condition=Q(opened_at=None, session_sha256=None, session_ends_at=None)
                | Q(opened_at__isnull=False, session_sha256__isnull=False, session_ends_at__isnull=False),
                name="an_open_archive_has_a_session",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "created_at"], name="archive_visit_old"),
            models.Index(fields=["tenant", "email"], name="archive_visit_by_address"),
        )

    def __str__(self) -> str:
        return f"{self.pk}"
