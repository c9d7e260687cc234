"""Schedules and who gets their files: stored and validated here; occurrences come with the scheduler."""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from reports.models.catalogue import Format, Report
from tenants.models import Tenant
from tenants.models.tenant import check_timezone


class Schedule(models.Model):
    class Missed(models.TextChoices):
        SKIP = "skip"
        LATEST = "latest"
        ALL = "all"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="schedules")
    slug = models.SlugField(max_length=80)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="schedules")
    formats = ArrayField(models.CharField(max_length=5, choices=Format))
    cron = models.CharField(max_length=120)
    timezone = models.CharField(max_length=64, validators=[check_timezone])
    parameters = models.JSONField(default=dict, blank=True)
    missed = models.CharField(max_length=6, choices=Missed, default=Missed.LATEST)
    enabled = models.BooleanField(default=True)
    subject = models.CharField(max_length=200, blank=True)
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "slug"], name="one_schedule_per_slug"),)

    def __str__(self) -> str:
        return self.slug


class Recipient(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="recipients")
    email = models.EmailField()
    name = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "email"], name="one_recipient_per_address"),)

    def __str__(self) -> str:
        return self.email


class Audience(models.Model):
    """Recipients of a schedule who get the same rows. The default audience has no name and gets the tenant's own rows."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="audiences")
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="audiences")
    name = models.CharField(max_length=120, blank=True)
    session_tags = models.JSONField(default=dict, blank=True, help_text="Narrowing only: never a key of the tenant.")
    recipients = models.ManyToManyField(Recipient, through="AudienceRecipient", related_name="audiences")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["schedule", "name"], name="one_audience_per_name"),)

    def __str__(self) -> str:
        return self.name or "default"


class AudienceRecipient(models.Model):
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    audience = models.ForeignKey(Audience, on_delete=models.CASCADE, related_name="members")
    recipient = models.ForeignKey(Recipient, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["audience", "recipient"], name="once_in_an_audience"),)

    def __str__(self) -> str:
        return f"{self.recipient_id}"
