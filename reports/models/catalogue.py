"""The platform's catalogue: QuickSight accounts, reports made of a dashboard's sheet, and which tenant may run which."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from tenants.models import Tenant

# At most one PDF, one Excel workbook and five CSV files fit into one snapshot job (StartDashboardSnapshotJob, FileGroups).
MAX_VISUALS = 5
# How long the answer of a preflight is believed. Shorter costs calls, longer leaves a rule that was switched off unnoticed.
PREFLIGHT_FRESH = timedelta(minutes=5)
# A report that nobody runs is asked about this often, so that its page tells the truth.
PREFLIGHT_EVERY = timedelta(days=1)


class Format(models.TextChoices):
    PDF = "PDF", _("PDF")
    CSV = "CSV", _("CSV")
    EXCEL = "EXCEL", _("Excel")


class Account(models.Model):
    """One QuickSight account and region: its slots and its request rate are shared by everything that runs there."""

    class Look(models.TextChoices):
        """Which call asks whether a job has ended. The result call brings the files with the news, and one call less is made."""

        RESULT = "result"
        DESCRIBE = "describe"

    name = models.CharField(max_length=80, unique=True)
    aws_account_id = models.CharField(max_length=12)
    region = models.CharField(max_length=32)
    slots = models.PositiveSmallIntegerField(default=5)
    requests_per_second = models.FloatField(default=10)
    role_arn = models.CharField(max_length=2048, blank=True)
    external_id = models.CharField(max_length=1224, blank=True)
    look = models.CharField(max_length=8, choices=Look, default=Look.RESULT, db_default=Look.RESULT)
    probes = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Offer one job more than fits, to learn at once when a slot is free.",
    )
    unanswered_since = models.DateTimeField(null=True, help_text="NULL: QuickSight answers. Set: no verdict since then, no new starts.")
    refused_since = models.DateTimeField(null=True, help_text="NULL: QuickSight lets us in. Set: it refuses us altogether.")
    refused_code = models.CharField(max_length=64, blank=True, help_text="AWS's own word for it; empty: not refused.")
    probe_at = models.DateTimeField(null=True, help_text="NULL: not paused. Set: when a call may find out whether that is over.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["aws_account_id", "region"], name="one_account_row_per_id_and_region"),
            models.CheckConstraint(condition=models.Q(requests_per_second__gt=0), name="account_rate_is_positive"),
        )

    def __str__(self) -> str:
        return self.name


class ReportQuerySet(models.QuerySet["Report"]):
    def in_catalogue(self) -> ReportQuerySet:
        return self.filter(retired_at=None)

    def due_for_preflight(self, now: datetime, republished: Collection[str] = ()) -> ReportQuerySet:
        """Not asked about for a day, or made of one of these dashboards; the longest unasked first."""
        unasked = Q(preflight_at=None) | Q(preflight_at__lte=now - PREFLIGHT_EVERY)
        due = self.in_catalogue().filter(unasked | Q(dashboard_id__in=republished))
        return due.order_by(F("preflight_at").asc(nulls_first=True), "slug")


class Report(models.Model):
    class Preflight(models.TextChoices):
        NOT_CHECKED = "not_checked"
        PASSED = "passed"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="reports")
    dashboard_id = models.CharField(max_length=512)
    sheet_id = models.CharField(max_length=512)
    visual_ids = ArrayField(models.CharField(max_length=512), default=list, blank=True)
    formats = ArrayField(models.CharField(max_length=5, choices=Format))
    required_tags = ArrayField(models.CharField(max_length=128), default=list, blank=True)
    same_for_everyone = models.BooleanField(default=False)
    # Data sets without tag rules whose rows two members of staff called the same for everyone; all others still have to hold.
    open_data_sets = ArrayField(models.CharField(max_length=512), default=list, blank=True)
    preflight = models.CharField(max_length=12, choices=Preflight, default=Preflight.NOT_CHECKED)
    preflight_code = models.CharField(max_length=24, blank=True, help_text="Of reports/failures.py; empty unless refused.")
    preflight_detail = models.TextField(blank=True, help_text="What is wrong, for everybody who may run it; empty unless refused.")
    preflight_remedy = models.TextField(blank=True, help_text="What to do about it, for the platform's people.")
    preflight_at = models.DateTimeField(null=True, help_text="When the check began, by the database's clock. NULL: never checked.")
    dashboard_version = models.PositiveIntegerField(null=True, help_text="Published when it was checked. NULL: none was seen.")
    # [{"dataset": id, "name": str, "enabled": bool, "had_rules": bool, "rules": [{"key", "delimiter", "match_all"}],
    # "groups": [[key]], "open": bool}] as DescribeDataSet told it at preflight_at; had_rules: some check before saw rules there; open:
    # it is among open_data_sets. Keys within a group are ANDed, groups are ORed; no groups: every rule has to hold.
    row_rules = models.JSONField(default=list, blank=True)
    render_minutes = models.PositiveSmallIntegerField(default=15, db_default=15, help_text="An attempt that renders longer is given up.")
    # The circuit breaker's, see reports/engine/breaker.py.
    failures_in_row = models.PositiveIntegerField(default=0, db_default=0, help_text="Attempts of any tenant that failed for one cause.")
    failing_code = models.CharField(max_length=24, blank=True, default="", db_default="", help_text="That cause; empty: none.")
    retired_at = models.DateTimeField(null=True, help_text="NULL: in the catalogue.")

    objects = ReportQuerySet.as_manager()

    def __str__(self) -> str:
        return self.slug

    @property
    def is_refused(self) -> bool:
        return self.preflight == self.Preflight.REFUSED

    @property
    def is_open(self) -> bool:
        """Every company sees all of it: it was declared so as a whole, or every data set that it was published with was."""
        return self.same_for_everyone or bool(self.open_data_sets and not self.required_tags)

    def is_checked(self, *, since: datetime, now: datetime) -> bool:
        """Whether a check that began at `since` or later is still believed, whatever it said."""
        if self.preflight == self.Preflight.NOT_CHECKED or self.preflight_at is None:
            return False
        return self.preflight_at >= since and now - self.preflight_at <= PREFLIGHT_FRESH


class ReportParameter(models.Model):
    class Type(models.TextChoices):
        STRING = "string"
        INTEGER = "integer"
        DECIMAL = "decimal"
        DATETIME = "datetime"

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="parameters")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=512)
    type = models.CharField(max_length=8, choices=Type)
    multiple = models.BooleanField(default=False)
    choices = models.JSONField(null=True, help_text="NULL: any value.")
    default = models.JSONField(null=True, help_text="NULL: none, a value has to be given.")

    class Meta:
        ordering = ("position",)
        constraints = (models.UniqueConstraint(fields=["report", "name"], name="one_parameter_per_name"),)

    def __str__(self) -> str:
        return self.name


class GrantQuerySet(models.QuerySet["Grant"]):
    def for_tenant(self, tenant: Tenant) -> GrantQuerySet:
        return self.filter(tenant=tenant)

    def active(self) -> GrantQuerySet:
        return self.filter(withdrawn_at=None, report__retired_at=None)

    def by_name(self) -> GrantQuerySet:
        return self.select_related("report").order_by("report__name", "report__slug")

    def with_report(self) -> GrantQuerySet:
        return self.by_name().prefetch_related("report__parameters")


class Grant(models.Model):
    """A report offered to a tenant. Withdrawn rather than deleted: the history of its jobs stays readable."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="grants")
    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="grants")
    parameters: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(default=dict, blank=True, help_text="Pinned.")
    withdrawn_at = models.DateTimeField(null=True, help_text="NULL: in force.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["tenant", "report"], name="one_grant_per_tenant_and_report"),)

    def __str__(self) -> str:
        return f"{self.report_id}"
