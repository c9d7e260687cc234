"""How the service is and was, for everybody to see: its parts minute by minute, added up by days, and what people should know. No tenant
content, and nothing that is counted by tenant."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ServicePart(models.Model):
    """A part of the service as it was last judged. Its row is made by whoever is the first to tell of it."""

    class Part(models.TextChoices):
        SITE = "site", _("Signing in and this site")
        MAKING = "making", _("Making reports")
        MAIL = "mail", _("Emails and links")
        ELSEWHERE = "elsewhere", _("SFTP, webhooks and S3")
        API = "api", _("API")

    class State(models.TextChoices):
        WORKS = "works", _("Works")
        SLOW = "slow", _("Slower than usual")
        DOWN = "down", _("Does not work")

    part = models.CharField(max_length=9, choices=Part, primary_key=True)
    # By the worker, which judges all of them each minute.
    state = models.CharField(max_length=5, choices=State, blank=True, db_default="", default="", help_text="Empty: not known.")
    cause = models.CharField(max_length=20, blank=True, db_default="", default="", help_text="Of reports/uptime/words.py. Empty: none.")
    looked_at = models.DateTimeField(null=True, help_text="The minute in which it was judged last. NULL: never.")
    # By the web processes, which alone can tell how pages and the API answer: what the worker makes its judgement of.
    answered = models.CharField(max_length=5, choices=State, blank=True, db_default="", default="")
    answered_cause = models.CharField(max_length=20, blank=True, db_default="", default="")
    answered_at = models.DateTimeField(null=True, help_text="NULL: no web process has looked yet.")
    asked_at = models.DateTimeField(null=True, help_text="When a web process last took it upon itself to look. NULL: none has.")

    def __str__(self) -> str:
        return self.part


class ServiceDay(models.Model):
    """Minutes of a day, in UTC. `looked` is all of them in which somebody knew how it was."""

    part = models.CharField(max_length=9, choices=ServicePart.Part)
    day = models.DateField()
    looked = models.PositiveSmallIntegerField(default=0)
    good = models.PositiveSmallIntegerField(default=0)
    down = models.PositiveSmallIntegerField(default=0, help_text="The rest was slow.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["part", "day"], name="one_row_per_part_and_day"),)

    def __str__(self) -> str:
        return f"{self.part} {self.day}"


class ServiceSpell(models.Model):
    """A time in which a part was slow or did not work, for one cause."""

    part = models.CharField(max_length=9, choices=ServicePart.Part)
    state = models.CharField(max_length=5, choices=ServicePart.State)
    cause = models.CharField(max_length=20)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="NULL: it lasts.")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["part"], condition=Q(ended_at=None), name="one_open_spell_per_part"),)
        indexes = (models.Index(fields=["-began_at"], name="service_spell_list"),)

    def __str__(self) -> str:
        return f"{self.part} {self.state}"


class ServiceNote(models.Model):
    """What platform staff tell everybody: trouble in their own words, or work that is planned."""

    class Kind(models.TextChoices):
        TROUBLE = "trouble", _("Something is wrong")
        WORK = "work", _("Planned work")

    kind = models.CharField(max_length=7, choices=Kind)
    title = models.CharField(max_length=80)
    text = models.CharField(max_length=400, blank=True)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, help_text="NULL: not known yet.")
    by = models.CharField(max_length=254, help_text="Who wrote it; not shown.")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(ends_at=None) | Q(ends_at__gte=models.F("begins_at")), name="a_note_ends_after_it_begins"),
        )
        indexes = (models.Index(fields=["-begins_at"], name="service_note_list"),)

    def __str__(self) -> str:
        return self.title
