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
    # How the jobs divide, when last counted: by the report's id, and by SnapshotJob.Trigger.
    jobs_by_report: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict, db_default={})
    jobs_by_start: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(default=dict, db_default={})
    # What pages draw without counting, by reports/day_figures.py. Of what was asked for on that day, as far as it has ended:
    made_completed = models.PositiveIntegerField(default=0, db_default=0)
    made_failed = models.PositiveIntegerField(default=0, db_default=0)
    made_cancelled = models.PositiveIntegerField(default=0, db_default=0)
    # Of what ended on that day: runs of schedules, and jobs that belong to none ("single").
    runs_on_time = models.PositiveIntegerField(default=0, db_default=0)
    runs_late = models.PositiveIntegerField(default=0, db_default=0)
    runs_partly = models.PositiveIntegerField(default=0, db_default=0)
    runs_failed = models.PositiveIntegerField(default=0, db_default=0)
    runs_missed = models.PositiveIntegerField(default=0, db_default=0)
    runs_skipped = models.PositiveIntegerField(default=0, db_default=0)
    single_delivered = models.PositiveIntegerField(default=0, db_default=0)
    single_failed = models.PositiveIntegerField(default=0, db_default=0)
    took: models.JSONField[dict[str, int], dict[str, int]] = models.JSONField(
        default=dict, db_default={}, help_text="How many took how long to be delivered: by the step of reports/day_figures.py."
    )
    # Of the seven days that end with it, when last counted on that day.
    week_recipients = models.PositiveIntegerField(default=0, db_default=0, help_text="Addresses that were sent a link.")
    week_openers = models.PositiveIntegerField(default=0, db_default=0, help_text="Those of them that downloaded something.")
    figures_at = models.DateTimeField(null=True, help_text="When that was counted. NULL: not yet.")
    recounted_at = models.DateTimeField(null=True, help_text="NULL: only its jobs were counted so far.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "day"], name="one_row_of_usage_per_day"),)
        # Of all tenants in a month, for staff.
        indexes = (models.Index(fields=["day"], name="usage_by_day"),)

    def __str__(self) -> str:
        return f"{self.day}"
