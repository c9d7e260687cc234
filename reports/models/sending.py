"""What goes out: deliveries of files, and notices about them. Both wait, are tried, and end in the same states."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from reports.models.audiences import Audience, Recipient
from reports.models.delivery import Link
from reports.models.destinations import Destination
from reports.models.jobs import SnapshotJob
from reports.models.schedules import Occurrence, Schedule
from tenants.models import Tenant

# By tenant first: the courier goes round the tenants, and finds each one's next message however many another one has.
WAITING = Q(status__in=("pending", "sending"), next_try_at__isnull=False)
BY_MAIL = Q(channel="email")


class Outgoing(models.Model):
    """A message to one address. Only a courier that holds the lease may send it; see reports/delivery/."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Waiting")
        SENDING = "sending", _("Sending")  # leased; whether it left is not known until the other side answered
        SENT = "sent", _("Delivered")
        BOUNCED = "bounced", _("Bounced")
        FAILED = "failed", _("Failed")
        SUPPRESSED = "suppressed", _("Not sent")  # unsubscribed, bounced before, the company is suspended, or the report was empty

    OPEN: ClassVar = frozenset({Status.PENDING, Status.SENDING})

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.EmailField()
    language = models.CharField(max_length=5, default="en")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    next_try_at = models.DateTimeField(null=True, help_text="NULL: nothing to try now; a delivery waits for its job's files.")
    lease_until = models.DateTimeField(null=True, help_text="NULL: no courier has it.")
    tries = models.PositiveSmallIntegerField(default=0)
    failure_code = models.CharField(max_length=24, blank=True, help_text="reports/delivery/failures.py has the words.")
    answer = models.CharField(max_length=500, blank=True, help_text="What the other side said last.")
    # Set once a try ended without anybody knowing whether it arrived; what follows may be the same mail again.
    maybe_twice = models.BooleanField(default=False)
    sent_at = models.DateTimeField(null=True, help_text="NULL: not accepted by the other side.")
    ended_at = models.DateTimeField(null=True, help_text="NULL: still open.")
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    @property
    def has_ended(self) -> bool:
        return self.status not in self.OPEN


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def for_tenant(self, tenant: Tenant) -> DeliveryQuerySet:
        return self.filter(tenant=tenant)

    def open(self) -> DeliveryQuerySet:
        return self.filter(status__in=Delivery.OPEN)


class Delivery(Outgoing):
    """The files of one job to one recipient by mail, or to one destination."""

    class Channel(models.TextChoices):
        EMAIL = "email", _("Email")
        SFTP = "sftp", _("SFTP server")
        S3 = "s3", _("Amazon S3 bucket")
        SLACK = "slack", _("Slack channel")
        TEAMS = "teams", _("Microsoft Teams channel")

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    job = models.ForeignKey(SnapshotJob, on_delete=models.CASCADE, related_name="deliveries")
    occurrence = models.ForeignKey(
        Occurrence, on_delete=models.CASCADE, null=True, related_name="deliveries", db_index=False, help_text="NULL: of a single job."
    )
    audience = models.ForeignKey(
        Audience, on_delete=models.SET_NULL, null=True, related_name="+", help_text="NULL: not by an audience, or it is gone."
    )
    audience_name = models.CharField(max_length=120, blank=True)
    recipient = models.ForeignKey(
        Recipient, on_delete=models.SET_NULL, null=True, related_name="deliveries", help_text="NULL: not in the address book."
    )
    channel = models.CharField(max_length=8, choices=Channel, default=Channel.EMAIL)
    destination = models.ForeignKey(
        Destination,
        on_delete=models.SET_NULL,
        null=True,
        related_name="deliveries",
        db_index=False,
        help_text="NULL: to an address, or the destination was deleted.",
    )
    # What arrived at a destination, file by file as it did: a next try sends the others alone.
    placed: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), help_text="By a file's id, the name it has there."
    )
    # Written before a file gets a name there: a try whose answer was lost finds its own file under it, and not somebody else's.
    placing: models.JSONField[dict[str, str], dict[str, str]] = models.JSONField(
        default=dict, db_default=models.Value({}, models.JSONField()), help_text="By a file's id, the name it was about to get there."
    )
    # Set when it is sent, where its schedule reminds people: who turns that on later floods nobody.
    remind_at = models.DateTimeField(
        null=True, help_text="When to look whether anything was downloaded. NULL: never, or somebody has looked."
    )
    name = models.CharField(max_length=120, blank=True)
    is_copy = models.BooleanField(default=False, help_text="Of the schedule's CC line.")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        constraints = (
            # Two audiences with the same rows share a job, and one who is in both gets one mail.
            models.UniqueConstraint(
                fields=["tenant", "job", "channel", "address"], condition=BY_MAIL, name="one_delivery_per_job_and_address"
            ),
            models.UniqueConstraint(
                fields=["tenant", "job", "destination"], condition=~Q(destination=None), name="one_delivery_per_job_and_destination"
            ),
            models.CheckConstraint(condition=BY_MAIL | Q(address=""), name="only_mail_has_an_address"),
            models.CheckConstraint(
                condition=Q(status__in=("pending", "sending"), ended_at__isnull=True)
                | Q(status__in=("sent", "bounced", "failed", "suppressed"), ended_at__isnull=False),
                name="an_ended_delivery_has_an_end",
            ),
        )
        indexes = (
            models.Index(fields=["tenant", "occurrence", "status"], name="delivery_ledger"),
            models.Index(fields=["tenant", "address", "-created_at"], name="delivery_by_address"),
            models.Index(fields=["tenant", "next_try_at"], condition=WAITING & BY_MAIL, name="delivery_due"),
            models.Index(fields=["tenant", "next_try_at"], condition=WAITING & ~BY_MAIL, name="delivery_due_elsewhere"),
            models.Index(
                fields=["tenant", "destination", "-created_at", "-id"], condition=~Q(destination=None), name="delivery_by_destination"
            ),
            models.Index(fields=["destination"], condition=~Q(destination=None) & ~Q(lease_until=None), name="delivery_under_way"),
            models.Index(fields=["remind_at"], condition=~Q(remind_at=None), name="delivery_to_remind"),
            models.Index(fields=["tenant", "sent_at"], condition=~Q(sent_at=None), name="delivery_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.pk}"


class Notice(Outgoing):
    """A mail that carries no files: what its text is made of is read when it is sent. Codes and tokens are made then, and never kept."""

    class Kind(models.TextChoices):
        RUN_FAILED = "run_failed"  # to the schedule's owner
        RUN_LATE = "run_late"  # to the schedule's owner: the promised time is in danger
        NEW_LINK = "new_link"  # asked for on an expired link's page
        CODE = "code"  # the 6 digits of a protected link
        READY_AGAIN = "ready_again"  # a file was prepared again
        TEST = "test"  # "send me a test" of a schedule's mail
        INVITATION = "invitation"
        QUOTA = "quota"  # to the company's owners: most of what it may use is used
        WEBHOOK = "webhook"  # to the company's owners: one took nothing, or was switched off
        DESTINATION = "destination"  # to the company's owners: one takes nothing, or shows another host key
        HELD = "held"  # to the schedule's owner: files wait for somebody to decide, or nobody did in time
        ARCHIVE = "archive"  # asked for on a link's page: the way to all that was sent to this address
        CORRECTED = "corrected"  # to who downloaded what was corrected since
        RECALLED = "recalled"  # to who downloaded what was withdrawn since
        REMINDER = "reminder"  # to who downloaded nothing of what was sent
        RECEIPT = "receipt"  # to the schedule's owner: somebody downloaded
        DIGEST = "digest"  # to the company's owners: their week

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=Kind)
    # The same key again is the same notice: one button pressed twice, or one cause met twice, sends one mail.
    key = models.CharField(max_length=200)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, null=True, related_name="+", help_text="NULL: not about one.")
    occurrence = models.ForeignKey(Occurrence, on_delete=models.CASCADE, null=True, related_name="+", help_text="NULL: not about one.")
    job = models.ForeignKey(SnapshotJob, on_delete=models.CASCADE, null=True, related_name="+", help_text="NULL: not about one.")
    link = models.ForeignKey(Link, on_delete=models.CASCADE, null=True, related_name="+", help_text="NULL: not about one.")
    data: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict, help_text="What else the text needs. No secret."
    )

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "key"], name="one_notice_per_key"),)
        indexes = (models.Index(fields=["tenant", "next_try_at"], condition=WAITING, name="notice_due"),)

    def __str__(self) -> str:
        return f"{self.kind}"


class MailBudget(models.Model):
    """When a sender may send the next mail, and whether it is let in at all; shared by all hosts."""

    sender = models.CharField(max_length=254, primary_key=True)
    next_send_at = models.DateTimeField()
    refused_since = models.DateTimeField(
        null=True, help_text="Our own login or sender is refused, and one mail at a time probes. NULL: it is not."
    )
    refused_code = models.CharField(max_length=24, blank=True, help_text="reports/delivery/failures.py has the words.")
    refused_answer = models.CharField(max_length=500, blank=True, help_text="What our mail server said.")

    def __str__(self) -> str:
        return self.sender
