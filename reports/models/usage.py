"""What a tenant used, by its own days. `jobs` is counted as they are made and decides the quota; the rest is recounted from the rows."""

from __future__ import annotations

from django.db import models

from tenants.models import Tenant


class DailyUsage(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="usage", db_index=False)
    day = models.DateField(help_text="In the tenant's time zone.")
    jobs = models.PositiveIntegerField(default=0, db_default=0)
    completed = models.PositiveIntegerField(default=0, db_default=0)
    failed = models.PositiveIntegerField(default=0, db_default=0)
    # One for each 100 pages or 100 MB of a snapshot, whichever is more (quicksight.md; reported, not published by AWS).
    report_units = models.PositiveIntegerField(default=0, db_default=0)
    files = models.PositiveIntegerField(default=0, db_default=0)
    files_bytes = models.PositiveBigIntegerField(default=0, db_default=0)
    downloads = models.PositiveIntegerField(default=0, db_default=0)
    deliveries = models.PositiveIntegerField(default=0, db_default=0)
    stored_bytes = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Of all its files, when last counted on that day.")
    recounted_at = models.DateTimeField(null=True, help_text="NULL: only its jobs were counted so far.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "day"], name="one_row_of_usage_per_day"),)

    def __str__(self) -> str:
        return f"{self.day}"
