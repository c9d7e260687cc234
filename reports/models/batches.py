"""Batches: many jobs that were asked for at once."""

from __future__ import annotations

import uuid

from django.db import models

from tenants.models import ApiKey, Tenant


class BatchQuerySet(models.QuerySet["Batch"]):
    def for_tenant(self, tenant: Tenant) -> BatchQuerySet:
        return self.filter(tenant=tenant)


class Batch(models.Model):
    """Made with all of its jobs or not at all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    reference = models.CharField(max_length=200, blank=True, help_text="The caller's own; empty: none was given.")
    actor = models.CharField(max_length=254)
    api_key = models.ForeignKey(ApiKey, on_delete=models.SET_NULL, null=True, related_name="+", help_text="NULL: not an API call.")
    total = models.PositiveIntegerField()
    # Counted down by the end of each job, so that exactly one of them is the last.
    open_jobs = models.PositiveIntegerField()
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="NULL: a job of it has not ended yet.")

    objects = BatchQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(open_jobs__lte=models.F("total")), name="no_more_open_jobs_than_a_batch_has"),
            models.CheckConstraint(
                condition=models.Q(open_jobs=0, ended_at__isnull=False) | models.Q(open_jobs__gt=0, ended_at__isnull=True),
                name="a_batch_ends_with_its_last_job",
            ),
        )
        indexes = (models.Index(fields=["tenant", "-created_at", "-id"], name="batch_list"),)

    def __str__(self) -> str:
        return f"{self.pk}"
