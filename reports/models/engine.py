"""The engine's own tables: permission to run, the request budget, and signs of life. No tenant content."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import models
from django.db.models.functions import Greatest, Now

from reports.models.catalogue import Account, Report
from tenants.models import Tenant


class Slot(models.Model):
    """Permission to have one job running. A job holds at most one, a slot at most one job: so the limit cannot be passed."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="slot_rows")
    number = models.PositiveSmallIntegerField()
    enabled = models.BooleanField(default=True, help_text="Off: the account's limit was lowered below this number.")
    spare = models.BooleanField(default=False, db_default=False, help_text="Above the limit: for a job that is offered all the same.")
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
    slowed_until = models.DateTimeField(null=True, help_text="NULL: the whole rate. Set: until then less, because QuickSight throttled.")
    slowed_to = models.FloatField(default=1.0, db_default=1.0, help_text="Share of the rate until then.")
    throttled = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Requests that AWS throttled, ever.")

    def __str__(self) -> str:
        return f"{self.account_id}"


class Pump(models.Model):
    """Who keeps an account's slots full just now."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, primary_key=True, related_name="pump")
    beat_at = models.DateTimeField(null=True, help_text="NULL: nobody pumps.")
    heard_at = models.DateTimeField(null=True, help_text="When S3 last told of a file of the account's jobs. NULL: never.")
    process = models.CharField(max_length=120, blank=True, help_text="Whose task pumps, or was the last to; empty: none yet.")

    def __str__(self) -> str:
        return f"{self.account_id}"


class TenantQueueQuerySet(models.QuerySet["TenantQueue"]):
    def leave(self, account_id: int, lane: int, tenant_id: uuid.UUID) -> None:
        """One job less waits. Never below none: a count that is wrong must not stop a job from ending."""
        own = self.filter(account=account_id, lane=lane, tenant=tenant_id)
        own.update(queued=Greatest(models.F("queued") - 1, models.Value(0)))


class TenantQueue(models.Model):
    """A tenant's place in one lane of an account. Whoever has the least virtual time is served next; its weight is on the tenant's row."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    lane = models.PositiveSmallIntegerField()
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    virtual_time = models.FloatField(help_text="Grows by 1/weight with each job that gets a slot.")
    queued = models.PositiveIntegerField(default=0, help_text="Admitted jobs that wait; counted again each night.")
    running = models.PositiveIntegerField(default=0, help_text="Jobs that hold a slot.")

    objects = TenantQueueQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["account", "lane", "tenant"], name="one_queue_per_lane_and_tenant"),)
        indexes = (models.Index(fields=["account", "lane", "virtual_time", "tenant"], condition=models.Q(queued__gt=0), name="queue_next"),)

    def __str__(self) -> str:
        return f"{self.account_id}/{self.lane}/{self.tenant_id}"


class LaneClock(models.Model):
    """The virtual time that a lane has come to: a tenant that returns begins here, and has no credit from its absence."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    lane = models.PositiveSmallIntegerField()
    virtual_time = models.FloatField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["account", "lane"], name="one_clock_per_lane"),)

    def __str__(self) -> str:
        return f"{self.account_id}/{self.lane}"


class Pace(models.Model):
    """How long a report's jobs render, learned from those that ended: logarithms of seconds, the newest fifty weigh."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="+")
    formats = models.CharField(max_length=20, help_text="Such as PDF+CSV, in our order.")
    jobs = models.PositiveSmallIntegerField(default=0)
    log_mean = models.FloatField(default=0)
    log_variance = models.FloatField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["account", "report", "formats"], name="one_pace_per_report_and_formats"),)

    def __str__(self) -> str:
        return f"{self.account_id}/{self.report_id}/{self.formats}"


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


class CapacitySample(models.Model):
    """An account in one minute, for the chart of the day; see reports/engine/capacity.py."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="samples", db_index=False)
    at = models.DateTimeField(help_text="A whole minute.")
    slots = models.PositiveSmallIntegerField(help_text="The account's limit.")
    in_use = models.PositiveSmallIntegerField()
    waiting = models.PositiveIntegerField()
    oldest_seconds = models.PositiveIntegerField(help_text="How long the job waits that waits longest; 0: none waits.")
    throttled = models.PositiveBigIntegerField(
        help_text="The budget's counter: the difference of two samples is what was throttled between."
    )
    delivered = models.PositiveIntegerField(help_text="Since the sample before.")
    failed = models.PositiveIntegerField(help_text="Since the sample before.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["account", "at"], name="one_capacity_sample_per_minute"),)
        indexes = (models.Index(fields=["at"], name="capacity_age"),)

    def __str__(self) -> str:
        return f"{self.account_id}/{self.at}"


class Heartbeat(models.Model):
    """Last sign of life of a queue's workers, written by a task that went through that queue. It outlives their processes."""

    cluster = models.CharField(max_length=20, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.cluster


class ProcessQuerySet(models.QuerySet["Process"]):
    def of_worker(self, worker: str) -> ProcessQuerySet:
        return self.filter(worker=worker)

    def working_within(self, duration: timedelta) -> ProcessQuerySet:
        """Those that took a task or made a turn so lately, by the database's clock."""
        return self.filter(worked_at__gt=Now() - duration)

    def silent(self, doing: str, duration: timedelta) -> ProcessQuerySet:
        """Those in the middle of such work that made no turn for so long."""
        return self.filter(doing__startswith=doing, worked_at__lt=Now() - duration)


class Process(models.Model):
    """A process of a worker that lives, or that died and was not missed yet. Its supervisor writes the row, and whoever works in it."""

    class Role(models.TextChoices):
        SUPERVISOR = "supervisor"
        CLUSTER = "cluster"
        MEMBER = "member"

    worker = models.CharField(max_length=32, blank=True, help_text="One start of `manage.py worker`. Empty: a task outside of any.")
    pid = models.PositiveIntegerField()
    host = models.CharField(max_length=64)
    cluster = models.CharField(max_length=20, blank=True, help_text="The queue it serves. Empty: a supervisor.")
    role = models.CharField(max_length=10, choices=Role.choices, default=Role.MEMBER)
    release = models.CharField(max_length=40, blank=True, help_text="Of PORTAL_RELEASE. Empty: not told.")
    started_at = models.DateTimeField(db_default=Now(), help_text="When it was first seen.")
    seen_at = models.DateTimeField(db_default=Now(), help_text="When its supervisor last saw it alive.")
    doing = models.CharField(max_length=60, blank=True, help_text="The task in hand. Empty: none.")
    worked_at = models.DateTimeField(null=True, help_text="When it last took a task or made a turn. NULL: never.")

    objects = ProcessQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["worker", "pid"], name="one_row_per_process"),)

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
