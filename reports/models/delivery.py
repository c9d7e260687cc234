"""Links: governed download pages for people without an account, and the record of every file granted."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _

from reports.models.audiences import Recipient
from reports.models.jobs import SnapshotFile, SnapshotJob
from reports.models.schedules import Protection
from tenants.models import Tenant, User

REFERENCE_START, REFERENCE_LENGTH = "LNK-", 8
REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
# So many wrong passcodes or codes, and a link opens for no answer any more.
MOST_WRONG_CODES = 10


def new_reference() -> str:
    return REFERENCE_START + "".join(secrets.choice(REFERENCE_ALPHABET) for _ in range(REFERENCE_LENGTH))


class LinkQuerySet(models.QuerySet["Link"]):
    def for_tenant(self, tenant: Tenant) -> LinkQuerySet:
        return self.filter(tenant=tenant)

    def active(self, now: datetime) -> LinkQuerySet:
        return self.filter(revoked_at=None, expires_at__gt=now, uses__lt=F("max_uses"))

    def with_reference_like(self, text: str) -> LinkQuerySet:
        """Links whose reference begins with `text`, with or without what all begin with, by a range of the index."""
        begins = text.upper().removeprefix(REFERENCE_START)
        if not 0 < len(begins) <= REFERENCE_LENGTH or set(begins) - set(REFERENCE_ALPHABET):
            return self.none()
        ends = (REFERENCE_START + begins.ljust(REFERENCE_LENGTH, REFERENCE_ALPHABET[place]) for place in (0, -1))
        return self.filter(reference__range=tuple(ends))

    def in_status(self, statuses: Iterable[str], now: datetime) -> LinkQuerySet:
        """As `Link.status` has them, of which each link has one."""
        wanted = [_in_status(status, now) for status in statuses]
        return self.filter(reduce(or_, wanted)) if wanted else self.none()

    def open(self, now: datetime) -> LinkQuerySet:
        """What lets a browser have once more what it got a moment ago; the last use may be taken."""
        return self.filter(revoked_at=None, expires_at__gt=now, wrong_codes__lt=MOST_WRONG_CODES)

    def with_last_download(self) -> LinkQuerySet:
        """`last_download_at`: of the newest download by it; None: none yet."""
        newest = Download.objects.filter(tenant=OuterRef("tenant"), link=OuterRef("pk")).order_by("-at")
        return self.annotate(last_download_at=Subquery(newest.values("at")[:1]))

    def take_use(self, link: Link, now: datetime) -> bool:
        """Check and count in one statement; reading first and writing later would grant more than max_uses under a race."""
        return bool(self.active(now).open(now).filter(pk=link.pk).update(uses=F("uses") + 1))

    def revoke(self, now: datetime) -> int:
        return self.filter(revoked_at=None).update(revoked_at=now)


def _in_status(status: str, now: datetime) -> Q:
    """In the order in which `Link.status` asks."""
    stands = Q(revoked_at=None)
    if status == Link.Status.REVOKED:
        return ~stands
    if status == Link.Status.EXPIRED:
        return stands & Q(expires_at__lte=now)
    runs = stands & Q(expires_at__gt=now)
    if status == Link.Status.USED_UP:
        return runs & Q(uses__gte=F("max_uses"))
    return runs & Q(uses__lt=F("max_uses"), superseded_by__isnull=status == Link.Status.ACTIVE)


class Link(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        EXPIRED = "expired", _("Expired")
        USED_UP = "used_up", _("Used up")
        REVOKED = "revoked", _("Revoked")
        SUPERSEDED = "superseded", _("Corrected since")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="links", db_index=False)
    job = models.ForeignKey(SnapshotJob, on_delete=models.CASCADE, related_name="links")
    reference = models.CharField(max_length=16, default=new_reference)
    token_sha256 = models.BinaryField(max_length=32)
    expires_at = models.DateTimeField()
    max_uses = models.PositiveIntegerField()
    uses = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True, help_text="NULL: not revoked.")
    # Whom it was sent to. A new one goes to this address and to no other.
    email = models.EmailField(blank=True, help_text="Empty: made by hand, for whoever gets its address.")
    language = models.CharField(max_length=5, blank=True, help_text="Empty: what the visitor's browser asks for.")
    recipient = models.ForeignKey(
        Recipient, on_delete=models.SET_NULL, null=True, related_name="links", help_text="NULL: not of the address book."
    )
    delivery = models.ForeignKey(
        "reports.Delivery", on_delete=models.SET_NULL, null=True, related_name="links", help_text="NULL: not by a delivery."
    )
    superseded_by = models.ForeignKey(
        SnapshotJob, on_delete=models.SET_NULL, null=True, related_name="+", help_text="The corrected version; NULL: none is ready."
    )
    protection = models.CharField(max_length=8, choices=Protection, blank=True, default=Protection.NOTHING)
    passcode = models.CharField(max_length=128, blank=True, help_text="Hashed. Empty unless a passcode protects it.")
    code_sha256 = models.BinaryField(max_length=32, null=True, help_text="Of the mailed code; NULL: none is valid.")
    code_expires_at = models.DateTimeField(null=True, help_text="NULL: no code was mailed.")
    code_tries = models.PositiveSmallIntegerField(default=0, db_default=0, help_text="Since the last code was made.")
    wrong_codes = models.PositiveSmallIntegerField(default=0, help_text="Passcodes and codes, in all its life.")
    created_by = models.CharField(max_length=254)
    created_at = models.DateTimeField()

    objects = LinkQuerySet.as_manager()
    # Of a corrected or withdrawn report, set by reports/links/entitlement.py: whether its reader may know why, and what took its place.
    may_know: bool = False

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "token_sha256"], name="one_link_per_token"),
            models.UniqueConstraint(fields=["tenant", "reference"], name="one_link_per_reference"),
            models.CheckConstraint(condition=Q(uses__lte=F("max_uses")), name="link_uses_within_limit"),
        )
        indexes = (
            models.Index(fields=["tenant", "-created_at", "-id"], name="link_list"),
            models.Index(fields=["tenant", "email"], condition=~Q(email=""), name="link_by_address"),
            models.Index(fields=["tenant", "-created_at", "-id"], condition=~Q(revoked_at=None), name="link_revoked"),
        )

    # Set by readers that grant files: whether the schedule's owner is told of downloads.
    wants_receipts: bool | None = None

    def __str__(self) -> str:
        return self.reference

    def status(self, now: datetime) -> Status:
        """Read alone, it may be old by the time it is used: `LinkQuerySet.take_use` decides."""
        if self.revoked_at:
            return self.Status.REVOKED
        if self.expires_at <= now:
            return self.Status.EXPIRED
        if self.uses >= self.max_uses:
            return self.Status.USED_UP
        return self.Status.SUPERSEDED if self.superseded_by_id else self.Status.ACTIVE

    def is_working(self, now: datetime) -> bool:
        """A corrected report's link works for both versions."""
        return self.status(now) in (self.Status.ACTIVE, self.Status.SUPERSEDED)

    def can_be_renewed(self, now: datetime) -> bool:
        """One that time has ended. Not one that was revoked or used up on purpose, nor one that nobody's address is known for."""
        is_expired = self.status(now) == self.Status.EXPIRED and self.uses < self.max_uses
        return is_expired and bool(self.email) and not self.is_locked

    @property
    def is_locked(self) -> bool:
        return self.wrong_codes >= MOST_WRONG_CODES

    @property
    def zone(self) -> ZoneInfo:
        """Of the schedule that made its files, so that the page and all mails about it show the same times; else the tenant's."""
        # Read with links that a visitor opens: a click needs no more of the schedule.
        if name := getattr(self, "schedule_zone", None):
            return ZoneInfo(name)
        run = self.job.occurrence
        return run.schedule.zone if run else self.tenant.zone


class Download(models.Model):
    """One file granted to somebody. Written before the presigned URL exists."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", db_index=False)
    file = models.ForeignKey(SnapshotFile, on_delete=models.CASCADE, related_name="downloads")
    link = models.ForeignKey(Link, on_delete=models.SET_NULL, null=True, related_name="downloads", help_text="NULL: not by a link.")
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", help_text="NULL: not by a member.")
    actor = models.CharField(max_length=254)
    at = models.DateTimeField()
    is_repeat = models.BooleanField(
        default=False, db_default=False, help_text="By a link: had a moment before in the same browser, so no use was counted."
    )
    ip = models.GenericIPAddressField(null=True, help_text="NULL: unknown.")
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["tenant", "file", "-at"], name="download_by_file"),
            models.Index(fields=["tenant", "link", "-at"], name="download_by_link"),
            models.Index(fields=["tenant", "at"], name="download_by_time"),
        )

    def __str__(self) -> str:
        return f"{self.file_id}"
