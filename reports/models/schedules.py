"""Schedules, and each planned instant of one as a row that everybody can see."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from reports.models.catalogue import Format, Report
from tenants.models import Tenant, User
from tenants.models.tenant import check_timezone


class Protection(models.TextChoices):
    """What a link asks for beside being opened."""

    NOTHING = "", _("Nothing")
    PASSCODE = "passcode", _("A passcode that you give out yourself")
    MAILED_CODE = "mailed", _("A 6-digit code, sent to the same address")


class ScheduleQuerySet(models.QuerySet["Schedule"]):
    def for_tenant(self, tenant: Tenant) -> ScheduleQuerySet:
        return self.filter(tenant=tenant)

    def kept(self) -> ScheduleQuerySet:
        """Those that people still see; a retired one keeps its history."""
        return self.filter(retired_at=None)

    def active(self) -> ScheduleQuerySet:
        return self.kept().filter(enabled=True).exclude(next_run_at=None)

    def paused(self) -> ScheduleQuerySet:
        return self.kept().filter(enabled=False)

    def ended(self) -> ScheduleQuerySet:
        return self.kept().filter(enabled=True, next_run_at=None)


class Schedule(models.Model):
    class Missed(models.TextChoices):
        """What becomes of instants that passed while the portal was down."""

        SKIP = "skip", _("Skip them")
        LATEST = "latest", _("Run the latest one")
        ALL = "all", _("Run them all")

    class Release(models.TextChoices):
        """What happens to files before they are sent."""

        AT_ONCE = "at_once", _("Send them at once")
        IF_USUAL = "if_usual", _("Hold files that look unusual")
        BY_HAND = "by_hand", _("Hold them for somebody to look")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="schedules", db_index=False)
    slug = models.SlugField(max_length=80)
    name = models.CharField(max_length=120, blank=True, help_text="Empty: the report's name.")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="schedules")
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", help_text="NULL: the tenant's owners.")
    template = models.ForeignKey(
        "reports.ScheduleTemplate",
        on_delete=models.PROTECT,
        null=True,
        related_name="schedules",
        help_text="The platform's, which sets most of it. NULL: the tenant's own.",
    )
    formats = ArrayField(models.CharField(max_length=5, choices=Format))
    visual_ids = ArrayField(models.CharField(max_length=512), default=list, blank=True, help_text="Empty: all of the report's.")
    # As people gave them: a relative period such as {"relative": "yesterday"} is worked out for each planned instant.
    parameters: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    cron = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, validators=[check_timezone])
    starts_on = models.DateField(null=True, blank=True, help_text="In the schedule's zone. NULL: at once.")
    ends_on = models.DateField(null=True, blank=True, help_text="The last day, in the schedule's zone. NULL: never.")
    missed = models.CharField(max_length=6, choices=Missed, default=Missed.LATEST)
    ready_by = models.TimeField(null=True, blank=True, help_text="Promised local time, the first after the planned one. NULL: no promise.")
    enabled = models.BooleanField(default=True)
    paused_at = models.DateTimeField(null=True, help_text="NULL: not paused.")
    paused_by = models.CharField(max_length=254, blank=True)
    # Set by the engine together with enabled = false; saving the schedule clears it.
    fault = models.TextField(blank=True, help_text="Why the portal itself paused it, as a sentence. Empty: it did not.")
    retired_at = models.DateTimeField(null=True, help_text="NULL: in use. A retired one runs no more; its history stays.")

    # What its mails and links are like.
    subject = models.CharField(max_length=200, blank=True)
    message = models.TextField(blank=True)
    cc = ArrayField(models.EmailField(), default=list, blank=True)
    attach = models.BooleanField(default=False, help_text="Small files also as attachments, where the tenant allows it.")
    skip_if_empty = models.BooleanField(default=False)
    tell_owner = models.BooleanField(default=True, help_text="The owner gets a mail when a run fails for good.")
    link_days = models.PositiveSmallIntegerField(null=True, blank=True, help_text="NULL: the tenant's.")
    link_max_uses = models.PositiveIntegerField(null=True, blank=True, help_text="NULL: the tenant's.")
    link_protection = models.CharField(max_length=8, choices=Protection, blank=True, default=Protection.NOTHING)
    link_passcode = models.CharField(max_length=128, blank=True, help_text="Hashed.")
    remind_after_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="To who downloaded nothing. NULL: nobody is reminded."
    )
    receipts = models.BooleanField(default=False, db_default=False, help_text="The owner gets a mail about downloads.")

    # The gate between its files and those who wait for them.
    release = models.CharField(max_length=8, choices=Release, default=Release.AT_ONCE, db_default=Release.AT_ONCE)
    usual_percent = models.PositiveSmallIntegerField(
        default=50, db_default=50, help_text="So far from the median of the last runs, in size, pages or rows, is usual."
    )
    must_contain = models.CharField(
        max_length=120,
        blank=True,
        default="",
        db_default="",
        help_text="A text that every file has to show, such as the company's name. Empty: none.",
    )
    hold_hours = models.PositiveSmallIntegerField(default=24, db_default=24, help_text="Held files that nobody decides on are not sent.")

    # When it is due; the engine sees and moves these across tenants.
    next_run_at = models.DateTimeField(null=True, help_text="NULL: never again.")
    job_count = models.PositiveSmallIntegerField(default=1, help_text="Jobs of its last run, by which the load to come is reckoned.")
    created_at = models.DateTimeField(auto_now_add=True)
    # Set by triggers on every change that people and programs can see: of the row, of its audiences and of who is in them.
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.PositiveIntegerField(db_default=1, editable=False)

    objects = ScheduleQuerySet.as_manager()
    # Set by readers that ask reports/occurrences/load.py. Empty: it can keep its promise, or nobody asked.
    load_warning: str = ""

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "slug"], name="one_schedule_per_slug"),
            models.UniqueConstraint(
                fields=["template", "tenant"], condition=Q(retired_at=None, template__isnull=False), name="one_live_schedule_per_template"
            ),
        )
        indexes = (
            models.Index(fields=["next_run_at"], condition=Q(retired_at=None), name="schedule_due"),
            models.Index(fields=["tenant", "-created_at", "-id"], condition=Q(retired_at=None), name="schedule_list"),
        )

    def __str__(self) -> str:
        return self.slug

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def title(self) -> str:
        return self.name or self.report.name


class OccurrenceQuerySet(models.QuerySet["Occurrence"]):
    def for_tenant(self, tenant: Tenant) -> OccurrenceQuerySet:
        return self.filter(tenant=tenant)

    def newest_first(self) -> OccurrenceQuerySet:
        return self.order_by("-planned_at", "-id")


class Occurrence(models.Model):
    """One planned instant of a schedule: what became of it, also when nothing ran."""

    class Status(models.TextChoices):
        PLANNED = "planned", _("Planned")  # noted; its jobs are not made yet
        RUNNING = "running", _("Running")  # jobs or deliveries are under way
        DELIVERED = "delivered", _("Delivered")
        PARTLY_DELIVERED = "partly_delivered", _("Partly delivered")
        HELD = "held", _("Held for review")
        FAILED = "failed", _("Failed")
        SKIPPED = "skipped", _("Skipped")  # on purpose: paused, empty, nobody to send to
        MISSED = "missed", _("Missed")  # the portal was down, and the schedule does not run it late

    class Kind(models.TextChoices):
        PLAN = "plan", _("By the schedule")
        HAND = "hand", _("Run by hand")

    OPEN: ClassVar = frozenset({Status.PLANNED, Status.RUNNING, Status.HELD})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="occurrences", db_index=False)
    planned_at = models.DateTimeField()
    kind = models.CharField(max_length=4, choices=Kind, default=Kind.PLAN)
    status = models.CharField(max_length=16, choices=Status, default=Status.PLANNED)
    reason = models.CharField(
        max_length=24, blank=True, help_text="Why it did not run or not end well; reports/occurrences/reasons.py has the words."
    )
    detail: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, help_text="What the reason's words are filled with."
    )
    actor = models.CharField(max_length=254, blank=True, help_text="Who pressed Run now; empty: the schedule.")
    ready_by_at = models.DateTimeField(null=True, help_text="What was promised. NULL: nothing.")
    warned_at = models.DateTimeField(null=True, help_text="When it looked as if the promise would be broken. NULL: it never did.")
    lease_until = models.DateTimeField(null=True, help_text="NULL: nobody makes its jobs just now.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Times that making its jobs was begun.")
    expanded_at = models.DateTimeField(null=True, help_text="NULL: its jobs are not made.")
    ended_at = models.DateTimeField(null=True, help_text="NULL: still open.")
    # The id of each of these deliveries, by what reports/delivery/sent_log.py keeps of its address.
    already_sent: models.JSONField[dict[str, str] | None, dict[str, str] | None] = models.JSONField(
        null=True, help_text="Who was served before the database was put back. NULL: nobody."
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OccurrenceQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["schedule", "planned_at"], name="one_occurrence_per_instant"),
            models.CheckConstraint(
                condition=Q(status__in=("planned", "running", "held"), ended_at__isnull=True)
                | Q(status__in=("delivered", "partly_delivered", "failed", "skipped", "missed"), ended_at__isnull=False),
                name="an_ended_occurrence_has_an_end",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "schedule", "-planned_at", "-id"], name="occurrence_list"),
            models.Index(fields=["tenant", "planned_at"], condition=Q(status="planned"), name="occurrence_to_expand"),
            models.Index(fields=["tenant", "ended_at"], condition=~Q(ended_at=None), name="occurrence_by_end"),
            models.Index(
                fields=["ready_by_at"],
                condition=Q(status__in=("planned", "running"), warned_at=None) & ~Q(ready_by_at=None),
                name="occurrence_promised",
            ),
            # For whoever looks what has no end although it should have one; of a few, whatever the table holds.
            models.Index(fields=["planned_at"], condition=Q(status__in=("planned", "running")), name="occurrence_open"),
        )

    def __str__(self) -> str:
        return f"{self.schedule_id} {self.planned_at:%Y-%m-%dT%H:%M%z}"

    @property
    def has_ended(self) -> bool:
        return self.status not in self.OPEN

    def lateness(self) -> float | None:
        """Seconds from the planned instant to the end; None: not ended."""
        ended: datetime | None = self.ended_at
        return (ended - self.planned_at).total_seconds() if ended else None
