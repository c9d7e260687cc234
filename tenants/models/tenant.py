"""A customer of the platform, and the session tags that decide which rows it sees."""

from __future__ import annotations

import secrets
import uuid
import zoneinfo
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models

MOST_RETENTION_DAYS = 400
# RFC 4648 base32: no digits that look like letters.
CODE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
CODE_LENGTH = 8


def new_code() -> str:
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))


def is_code(text: str) -> bool:
    """Whether it can be a tenant's code at all; text from an address may hold anything, NUL included."""
    return len(text) == CODE_LENGTH and set(text) <= set(CODE_ALPHABET)


def check_timezone(name: str) -> None:
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"{name!r} is not an IANA time zone such as Europe/Berlin.")


class Tenant(models.Model):
    class Mfa(models.TextChoices):
        REQUIRED = "required"
        GRACE = "grace"
        OPTIONAL = "optional"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=63, unique=True)
    name = models.CharField(max_length=120)
    # Stands in links and keys, so it never changes, unlike the slug.
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code, editable=False)
    timezone = models.CharField(max_length=64, default="UTC", validators=[check_timezone])
    bucket = models.CharField(max_length=63, blank=True, help_text="Empty: the portal's own bucket.")
    weight = models.FloatField(default=1.0, help_text="Its share of the slots while others wait: twice the weight, twice the jobs.")
    max_running = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Jobs at once in an account. NULL: as many as there are slots."
    )
    max_waiting = models.PositiveIntegerField(null=True, blank=True, help_text="Jobs that may wait. NULL: any number.")
    mfa = models.CharField(max_length=8, choices=Mfa, default=Mfa.GRACE)
    link_days = models.PositiveSmallIntegerField(default=30)
    link_max_uses = models.PositiveIntegerField(default=50)
    # How its mails and its customers' pages look and read.
    language = models.CharField(max_length=5, choices=settings.LANGUAGES, default="en", help_text="Of recipients who have none.")
    sender_name = models.CharField(max_length=120, blank=True, help_text="Empty: the tenant's name and the word Reports.")
    reply_to = models.EmailField(blank=True, help_text="Where its customers' questions go. Empty: nowhere.")
    brand_color = models.CharField(max_length=7, blank=True, help_text="#rrggbb, under white text. Empty: the portal's own.")
    brand_name = models.CharField(
        max_length=120, blank=True, default="", db_default="", help_text="Its name to its customers. Empty: its name."
    )
    # Of the bytes in tenants_tenantlogo, so that a page knows of its logo without asking for it.
    logo_hash = models.CharField(max_length=12, blank=True, default="", db_default="", editable=False, help_text="Empty: it has no logo.")
    allow_attachments = models.BooleanField(default=False)
    recipient_domains = ArrayField(models.CharField(max_length=253), default=list, blank=True, help_text="Empty: any.")
    # Quotas of what people ask for; how many jobs wait or run at once stands above.
    jobs_per_day = models.PositiveIntegerField(null=True, blank=True, help_text="In its own days. NULL: any number.")
    max_recipients = models.PositiveIntegerField(null=True, blank=True, help_text="People of its address book. NULL: any number.")
    max_storage_bytes = models.PositiveBigIntegerField(null=True, blank=True, help_text="Of its files. NULL: any size.")
    # How long its files are handed out and kept, and what suspends that.
    retention_days = models.PositiveSmallIntegerField(default=90, help_text="1 to 400: files are handed out and kept so long.")
    held_since = models.DateTimeField(null=True, blank=True, help_text="Legal hold: nothing of it is removed. NULL: none.")
    held_because = models.CharField(max_length=300, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True, help_text="Nobody of it comes in and nothing of it runs. NULL: it works.")
    suspended_because = models.CharField(max_length=300, blank=True, help_text="Its people read it.")
    allows_support = models.BooleanField(default=True, help_text="Platform staff may look at it as one of its people, for a reason.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(retention_days__range=(1, 400)), name="tenant_keeps_files_1_to_400_days"),
            models.CheckConstraint(condition=models.Q(weight__gt=0), name="tenant_weight_is_positive"),
        )

    def __str__(self) -> str:
        return self.slug

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def public_name(self) -> str:
        """As its customers read it, on pages and in mails."""
        return self.brand_name or self.name


class TenantLogo(models.Model):
    """The picture of a company, in our own encoding; reports/logos.py makes it. There is one where `logo_hash` is not empty."""

    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, primary_key=True, related_name="+")
    png = models.BinaryField()

    def __str__(self) -> str:
        return str(self.tenant_id)


class TenantCode(models.Model):
    """Code to tenant, readable before a tenant is known: it lets a link or a key open the right scope, and tells nothing else."""

    code = models.CharField(max_length=CODE_LENGTH, primary_key=True)
    tenant = models.OneToOneField(Tenant, on_delete=models.CASCADE, related_name="+")

    def __str__(self) -> str:
        return self.code


# Of a value, which may be blanks alone.
FILLED: Any = models.Q(value__regex=r"\S")


class SessionTag(models.Model):
    """One key and value that QuickSight's row-level security sees. Set by staff, never taken from a request."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="session_tags")
    key = models.CharField(max_length=128)
    value = models.CharField(max_length=256, blank=True)
    # What staff see across tenants, in place of values.
    is_filled = models.GeneratedField(expression=FILLED, output_field=models.BooleanField(), db_persist=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "key"], name="one_value_per_session_tag"),)

    def __str__(self) -> str:
        return self.key
