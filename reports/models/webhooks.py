"""Events, as they happened, and the webhooks of companies that are told of them."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant


class EventQuerySet(models.QuerySet["Event"]):
    def for_tenant(self, tenant: Tenant) -> EventQuerySet:
        return self.filter(tenant=tenant)


class Event(models.Model):
    """A fact, written in the transaction that made it one, and kept for 30 days. Its id is the `webhook-id` wherever it is sent."""

    class Type(models.TextChoices):
        JOB_COMPLETED = "job.completed", _("A report is ready")
        JOB_FAILED = "job.failed", _("A report failed")
        JOB_CANCELLED = "job.cancelled", _("A report was cancelled")
        JOB_HELD = "job.held", _("A report waits for somebody to release it")
        JOB_REJECTED = "job.rejected", _("A report that was held is not sent")
        JOB_RECALLED = "job.recalled", _("A report was withdrawn")
        DELIVERY_SENT = "delivery.sent", _("A mail was delivered")
        DELIVERY_FAILED = "delivery.failed", _("A mail could not be delivered")
        LINK_DOWNLOADED = "link.downloaded", _("A file was downloaded by its link")
        SCHEDULE_MISSED = "schedule.missed", _("A planned run did not take place")
        SCHEDULE_PAUSED = "schedule.paused", _("A schedule was paused by the portal")
        BATCH_FINISHED = "batch.finished", _("A batch has ended")
        PING = "webhook.ping", _("A test")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    type = models.CharField(max_length=24, choices=Type)
    created_at = models.DateTimeField()
    # Serialised once: a signature is over bytes, and a later release would write them another way.
    body = models.TextField(help_text="JSON, as it is sent. Ids and facts: no address, tag value, link or token.")
    traceparent = models.CharField(max_length=55, blank=True, db_default="", help_text="Of what made it a fact. Empty: nobody traces that.")

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(fields=["tenant", "-created_at", "-id"], name="event_list"),
            models.Index(fields=["tenant", "type", "-created_at", "-id"], name="event_list_by_type"),
        )

    def __str__(self) -> str:
        return self.type


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def for_tenant(self, tenant: Tenant) -> WebhookQuerySet:
        return self.filter(tenant=tenant)

    def active(self) -> WebhookQuerySet:
        return self.filter(status=Webhook.Status.ACTIVE)

    def with_standing(self) -> WebhookQuerySet:
        """`last_taken_at`: when it took a message; None: never. `failing_since`: when the first event happened that it did not take after
        the newest that it did; None: there is none. Tests count for neither."""
        told = WebhookDelivery.objects.filter(tenant=OuterRef("tenant"), webhook=OuterRef("pk")).exclude(event__type=Event.Type.PING)
        taken = told.filter(status=WebhookDelivery.Status.SUCCEEDED).order_by("-created_at", "-id")
        failed = told.filter(status__in=(WebhookDelivery.Status.FAILED, WebhookDelivery.Status.DEAD)).order_by("created_at", "id")
        after_it = Q(created_at__gt=Coalesce(OuterRef("newest_taken"), OuterRef("created_at")))
        newest = {"last_taken_at": Subquery(taken.values("ended_at")[:1]), "newest_taken": Subquery(taken.values("created_at")[:1])}
        return self.annotate(**newest).annotate(failing_since=Subquery(failed.filter(after_it).values("created_at")[:1]))


class Webhook(models.Model):
    """An address of a company's own program. What it gets is signed as Standard Webhooks has it."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        PAUSED = "paused", _("Paused")  # by its owner
        DISABLED = "disabled", _("Disabled")  # by the portal: it said that it is gone, or a message died

    EVERYTHING: ClassVar = "*"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    url = models.URLField(max_length=1000)
    events = ArrayField(models.CharField(max_length=24), help_text="Types of events, or * alone: every type, those to come included.")
    description = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    disabled_reason = models.CharField(max_length=24, blank=True, help_text="reports/webhooks/reasons.py has the words. Empty: it is not.")
    sealed_secret = models.TextField(help_text="tenants/encryption.py reads it.")
    secret_hint = models.CharField(max_length=8, help_text="Its last characters.")
    # While a secret is replaced, both sign.
    sealed_old_secret = models.TextField(blank=True, help_text="Empty: there is none.")
    old_secret_until = models.DateTimeField(null=True, help_text="NULL: there is none.")
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    # Set by triggers on every change.
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    version = models.PositiveIntegerField(db_default=1, editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        indexes = (models.Index(fields=["tenant", "-created_at", "-id"], name="webhook_list"),)

    def __str__(self) -> str:
        return f"{self.pk}"


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def for_tenant(self, tenant: Tenant) -> WebhookDeliveryQuerySet:
        return self.filter(tenant=tenant)


class WebhookDelivery(models.Model):
    """One event to one webhook: tried until it is taken, or until the table of retries ends."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting")  # for its first try, or leased
        FAILED = "failed", _("Will be tried again")
        SUCCEEDED = "succeeded", _("Delivered")
        DEAD = "dead", _("Given up")

    OPEN: ClassVar = frozenset({Status.PENDING, Status.FAILED})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    tries = models.PositiveSmallIntegerField(default=0, help_text="Since it was made or replayed, counted when one begins.")
    next_try_at = models.DateTimeField(null=True, help_text="NULL: it has ended. While it is leased: the end of the lease.")
    lease_until = models.DateTimeField(null=True, help_text="NULL: nobody has it in hand.")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="NULL: still open.")

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["webhook", "event"], name="one_delivery_per_webhook_and_event"),
            models.CheckConstraint(
                condition=Q(status__in=("pending", "failed"), ended_at__isnull=True, next_try_at__isnull=False)
                | Q(status__in=("succeeded", "dead"), ended_at__isnull=False, next_try_at__isnull=True),
                name="an_ended_webhook_delivery_has_an_end",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "webhook", "-created_at", "-id"], name="webhook_delivery_list"),
            models.Index(fields=["tenant", "next_try_at"], condition=~Q(next_try_at=None), name="webhook_delivery_due"),
            # What needs somebody's eye, without reading all that was taken. Not by tenant: the sender's line has an index of its own.
            models.Index(
                fields=["webhook", "-created_at", "-id"],
                condition=Q(status__in=("pending", "failed", "dead")),
                name="webhook_delivery_not_taken",
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk}"

    @property
    def next_attempt_at(self) -> datetime | None:
        """None: it has ended, is on its way, or waits until its webhook is active again."""
        return self.next_try_at if self.lease_until is None and self.webhook.status == Webhook.Status.ACTIVE else None


class WebhookTry(models.Model):
    """One POST of one delivery, and what came back: the log that people look into."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    response_status = models.PositiveSmallIntegerField(null=True, help_text="NULL: there was no answer.")
    duration_ms = models.PositiveIntegerField()
    error = models.CharField(max_length=24, blank=True, help_text="reports/webhooks/reasons.py has the words. Empty: it was taken.")

    class Meta:
        ordering = ("at", "id")
        indexes = (models.Index(fields=["tenant", "delivery", "at"], name="webhook_log"),)

    def __str__(self) -> str:
        return f"{self.pk}"
