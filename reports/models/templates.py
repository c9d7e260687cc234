"""Schedules that platform staff write once for many tenants. Each tenant has one of its own, linked to the template."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.models.catalogue import Format, Report
from reports.models.schedules import Schedule
from tenants.models import Tenant, User


class ScheduleTemplateQuerySet(models.QuerySet["ScheduleTemplate"]):
    def kept(self) -> ScheduleTemplateQuerySet:
        return self.filter(retired_at=None)


class ScheduleTemplate(models.Model):
    """What it says of a schedule means there what it means in `Schedule`. A zone it has none: each tenant's own counts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True, help_text="Also of its schedules, where the tenant has it free.")
    name = models.CharField(max_length=120)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="+")
    formats = ArrayField(models.CharField(max_length=5, choices=Format))
    visual_ids = ArrayField(models.CharField(max_length=512), default=list, blank=True, help_text="Empty: all of the report's.")
    parameters: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True)
    cron = models.CharField(max_length=120, help_text="On the wall clock of each tenant.")
    missed = models.CharField(max_length=6, choices=Schedule.Missed, default=Schedule.Missed.LATEST)
    ready_by = models.TimeField(null=True, blank=True, help_text="NULL: no promise.")
    subject = models.CharField(max_length=200, blank=True)
    message = models.TextField(blank=True)
    attach = models.BooleanField(default=False, help_text="Where the tenant allows it.")
    skip_if_empty = models.BooleanField(default=False)
    release = models.CharField(max_length=8, choices=Schedule.Release, default=Schedule.Release.AT_ONCE)
    usual_percent = models.PositiveSmallIntegerField(default=50)
    must_contain = models.CharField(max_length=120, blank=True, help_text="{tenant} becomes each tenant's name. Empty: no text.")
    hold_hours = models.PositiveSmallIntegerField(default=24)
    # Counts its changes: whoever saw an older one comes too late.
    version = models.PositiveIntegerField(default=1)
    retired_at = models.DateTimeField(null=True, help_text="NULL: in use. Schedules of a retired one are retired; their history stays.")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    objects = ScheduleTemplateQuerySet.as_manager()

    def __str__(self) -> str:
        return self.slug


class TemplateUseQuerySet(models.QuerySet["TemplateUse"]):
    def due(self, now: datetime) -> TemplateUseQuerySet:
        return self.filter(next_try_at__lte=now).order_by("next_try_at", "pk")

    def shown(self) -> TemplateUseQuerySet:
        """Those that staff see: wanted, or not yet taken out."""
        return self.filter(Q(wanted=True) | Q(next_try_at__isnull=False))


class TemplateUse(models.Model):
    """A tenant that a template is for, and how far the worker has come with it there."""

    class State(models.TextChoices):
        APPLIED = "applied", _("In force")
        WAITING = "waiting", _("Being applied")
        LEAVING = "leaving", _("Being removed")
        FAILED = "failed", _("Not applied")
        GONE = "gone", _("Removed")

    template = models.ForeignKey(ScheduleTemplate, on_delete=models.PROTECT, related_name="uses", db_index=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    wanted = models.BooleanField(default=True, help_text="False: its schedule is retired, or about to be.")
    applied_version = models.PositiveIntegerField(null=True, help_text="Of the template. NULL: the tenant has no schedule of it.")
    failure_code = models.CharField(max_length=40, blank=True)
    failure = models.TextField(blank=True, help_text="Why the newest version is not in force there. Empty: no reason is known.")
    next_try_at = models.DateTimeField(null=True, help_text="When the worker looks at it. NULL: all is as it is wanted.")

    objects = TemplateUseQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["template", "tenant"], name="one_use_per_template_and_tenant"),)
        indexes = (models.Index(fields=["next_try_at", "id"], condition=Q(next_try_at__isnull=False), name="template_use_due"),)

    def __str__(self) -> str:
        return f"{self.template_id} {self.tenant_id}"

    @property
    def state(self) -> State:
        if self.failure:
            return self.State.FAILED
        if self.next_try_at is not None:
            return self.State.WAITING if self.wanted else self.State.LEAVING
        return self.State.APPLIED if self.wanted else self.State.GONE
