"""Alarms: what the people who run the platform have to know, for as long as it is so, and whom that was told. No tenant content."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q


class Alarm(models.Model):
    class Handed(models.TextChoices):
        """How much of it was handed over to be told."""

        NOTHING = "", ""
        RAISED = "raised"
        ENDED = "ended"

    code = models.CharField(max_length=40, help_text="Stable, for rules that route alarms; docs/operations.md has the list.")
    subject = models.CharField(max_length=120, blank=True, help_text="Name of the account, report, tenant or cluster; empty: the platform.")
    sentence = models.TextField(help_text="What happened, where, and what to do.")
    raised_at = models.DateTimeField()
    last_at = models.DateTimeField(help_text="When it was raised the last time.")
    count = models.PositiveIntegerField(default=1, help_text="How often it was raised while it lasted.")
    forget_at = models.DateTimeField(null=True, help_text="NULL: until it is settled. Set: of an event, over then without a word.")
    ended_at = models.DateTimeField(null=True, help_text="NULL: it lasts.")
    handed = models.CharField(max_length=6, choices=Handed, blank=True, default=Handed.NOTHING)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["code", "subject"], condition=Q(ended_at=None), name="one_open_alarm"),)
        indexes = (
            models.Index(fields=["-raised_at"], name="alarm_list"),
            models.Index(fields=["id"], condition=~Q(handed="ended"), name="alarm_to_tell"),
        )

    def __str__(self) -> str:
        return f"{self.code} {self.subject}".strip()


class AlarmMessage(models.Model):
    """What one receiver is told of one alarm: that it was raised, then that it is over. Each receiver is tried on its own."""

    class Way(models.TextChoices):
        WEBHOOK = "webhook"
        MAIL = "mail"

    class Told(models.TextChoices):
        NOTHING = "", ""
        RAISED = "raised"
        ENDED = "ended"

    AFTER: ClassVar = {Told.NOTHING: Told.RAISED, Told.RAISED: Told.ENDED}

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    alarm = models.ForeignKey(Alarm, on_delete=models.CASCADE, related_name="messages")
    way = models.CharField(max_length=7, choices=Way)
    address = models.EmailField(blank=True, help_text="Empty: the webhook, whose URL is a secret and in no table.")
    told = models.CharField(max_length=6, choices=Told, blank=True, default=Told.NOTHING)
    next_try_at = models.DateTimeField(null=True, help_text="NULL: nothing to tell. While somebody tells it: when that is given up.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Of what is told next.")
    answer = models.CharField(max_length=200, blank=True, help_text="Why the last try failed; empty: it did not.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["alarm", "way", "address"], name="one_message_per_receiver"),)
        indexes = (models.Index(fields=["way", "next_try_at"], condition=Q(next_try_at__isnull=False), name="alarm_message_due"),)

    def __str__(self) -> str:
        return f"{self.alarm_id} {self.way} {self.address}".strip()
