"""A dashboard on its way into the catalogue: what staff want, what the worker found in QuickSight, and what it made of both."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from reports.models.catalogue import Account, Report
from tenants.models import User

# What nobody touched for so long is deleted, published or not: what came of it stands in the audit trail.
ABANDONED_AFTER = timedelta(days=30)
# The worker's message was lost, or the worker that took it is gone.
OVERDUE_AFTER = timedelta(minutes=2)
MAX_TRIES = 3


class CatalogueImportQuerySet(models.QuerySet["CatalogueImport"]):
    def drafts(self) -> CatalogueImportQuerySet:
        return self.filter(published_at=None)

    def overdue(self, now: datetime) -> CatalogueImportQuerySet:
        return self.exclude(work=CatalogueImport.Work.NONE).filter(touched_at__lt=now - OVERDUE_AFTER)

    def abandoned(self, now: datetime) -> CatalogueImportQuerySet:
        return self.filter(touched_at__lt=now - ABANDONED_AFTER)

    def idle(self, pk: uuid.UUID, turn: int) -> CatalogueImportQuerySet:
        """The one that staff saw, if nobody changed it since and nothing is being done with it."""
        return self.drafts().filter(pk=pk, turn=turn, work=CatalogueImport.Work.NONE)

    def asked(self, pk: uuid.UUID, turn: int) -> CatalogueImportQuerySet:
        """The one that the worker was sent for, if it was not dealt with since."""
        return self.drafts().filter(pk=pk, turn=turn).exclude(work=CatalogueImport.Work.NONE)


class CatalogueImport(models.Model):
    class Work(models.TextChoices):
        NONE = "", _("Nothing")
        LIST = "list", _("Reading the dashboards")
        CHECK = "check", _("Checking the report")
        PUBLISH = "publish", _("Publishing the report")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField(help_text="When staff last asked for something, or the worker began it.")

    # What the worker is asked to do now.
    work = models.CharField(max_length=8, choices=Work, blank=True, default=Work.LIST)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    # Counts what was asked for. Whoever saw or was sent an older one comes too late.
    turn = models.PositiveIntegerField(default=1)
    tries = models.PositiveSmallIntegerField(default=0)
    fault = models.TextField(blank=True, help_text="Why the last work came to nothing. Empty: it did not.")

    # What the worker found. [{"id", "name", "version", "published_at"}]
    dashboards = models.JSONField(default=list, blank=True)
    listed_at = models.DateTimeField(null=True, help_text="NULL: not read yet.")
    # As reports/importing/contents.py describes it. {}: not read yet.
    found = models.JSONField(default=dict, blank=True)
    # As reports/importing/checking.py describes it. {}: not checked yet.
    verdict = models.JSONField(default=dict, blank=True)
    checked_at = models.DateTimeField(null=True, help_text="NULL: not checked yet.")

    # What staff want. As reports/importing/wanted.py describes it. {}: nothing yet, the worker makes a proposal.
    dashboard_id = models.CharField(max_length=512, blank=True, help_text="Empty: none chosen yet.")
    wanted = models.JSONField(default=dict, blank=True)

    # That the rows of some data sets are the same for everyone: one says why, another agrees.
    open_data_sets = ArrayField(models.CharField(max_length=512), default=list, blank=True)
    open_reason = models.CharField(max_length=500, blank=True)
    said_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", help_text="NULL: nobody.")
    agreed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", help_text="NULL: nobody.")

    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="+", help_text="NULL: not published.")
    published_at = models.DateTimeField(null=True, help_text="NULL: a draft.")

    objects = CatalogueImportQuerySet.as_manager()

    class Meta:
        constraints = (
            models.CheckConstraint(
                condition=Q(agreed_by=None) | (Q(said_by__isnull=False) & ~Q(agreed_by=F("said_by"))), name="two_people_agree_on_open_rows"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None) | Q(open_data_sets=[]) | Q(agreed_by__isnull=False), name="open_rows_were_agreed_on"
            ),
            models.CheckConstraint(
                condition=Q(published_at=None, report=None) | Q(published_at__isnull=False, report__isnull=False),
                name="published_as_a_report",
            ),
        )

    def __str__(self) -> str:
        return self.dashboard_id or str(self.pk)

    @property
    def is_agreed(self) -> bool:
        """Whether nothing is left to agree on."""
        return not self.open_data_sets or self.agreed_by_id is not None

    def chosen(self) -> dict[str, Any]:
        """The chosen dashboard as the list tells it; without a name when it is not in the list any more."""
        return next((row for row in self.dashboards if row["id"] == self.dashboard_id), {"id": self.dashboard_id, "name": ""})
