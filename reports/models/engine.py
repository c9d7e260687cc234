"""The engine's own tables: permission to run, the request budget, and signs of life. No tenant content."""

from __future__ import annotations

from django.db import models

from reports.models.catalogue import Account


class Slot(models.Model):
    """Permission to have one job running. A job holds at most one, a slot at most one job: so the limit cannot be passed."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="slot_rows")
    number = models.PositiveSmallIntegerField()
    enabled = models.BooleanField(default=True, help_text="Off: the account's limit was lowered below this number.")
    rests_until = models.DateTimeField(null=True, help_text="NULL: usable. Set: QuickSight may still render what we gave up on.")
    job = models.OneToOneField("reports.SnapshotJob", on_delete=models.PROTECT, null=True, related_name="slot", help_text="NULL: free.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["account", "number"], name="one_slot_per_number"),)

    def __str__(self) -> str:
        return f"{self.account_id}/{self.number}"


class RequestBudget(models.Model):
    """When the account's next request may be sent, shared by every process of every host."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True, related_name="budget")
    next_request_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.account_id}"


class Pump(models.Model):
    """Who keeps an account's slots full just now."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True, related_name="pump")
    beat_at = models.DateTimeField(null=True, help_text="NULL: nobody pumps.")
    process = models.CharField(max_length=120, blank=True, help_text="Whose task pumps, or was the last to; empty: none yet.")

    def __str__(self) -> str:
        return f"{self.account_id}"


class PlannedLoad(models.Model):
    """What all schedules will ask of an account in an hour. Plain numbers, so that a page may warn without looking at other tenants."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField(help_text="Its beginning, in UTC.")
    jobs = models.PositiveIntegerField()
    seconds = models.FloatField(help_text="From the hour's beginning until all of them are done, with what hours before have left over.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["account", "hour"], name="one_load_per_hour"),)

    def __str__(self) -> str:
        return f"{self.account_id} {self.hour:%Y-%m-%dT%H}"


class Heartbeat(models.Model):
    """Last sign of life of a queue's workers, written by a task that went through that queue."""

    cluster = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.cluster
