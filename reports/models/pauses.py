"""Pauses: what does not go on for now, since when, by whom and why. Nothing that waits behind one is lost before its deadline."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import OuterRef, Q
from django.utils.translation import gettext_lazy as _

from reports.models.catalogue import Account, Report
from tenants.models import Tenant


class PauseQuerySet(models.QuerySet["Pause"]):
    def of_account(self, account_id: int) -> PauseQuerySet:
        return self.filter(kind=Pause.Kind.ACCOUNT, account_id=account_id)

    def of_report(self, report_id: uuid.UUID) -> PauseQuerySet:
        return self.filter(kind=Pause.Kind.REPORT, report_id=report_id)

    def by_itself(self) -> PauseQuerySet:
        """Those of the portal, which also ends them."""
        return self.filter(by="")

    def holding_up(self, *, account_id: int | OuterRef, tenant_id: uuid.UUID | OuterRef, report_id: uuid.UUID | OuterRef) -> PauseQuerySet:
        """Why a waiting job of these does not start; what stops the most comes first. Columns of an outer query's jobs do, too."""
        account = Q(kind=Pause.Kind.ACCOUNT, account_id=account_id)
        tenant = Q(kind=Pause.Kind.TENANT, tenant_id=tenant_id)
        return self.filter(account | tenant | Q(kind=Pause.Kind.REPORT, report_id=report_id)).order_by("kind", "id")

    def of_mail(self, tenant_id: uuid.UUID) -> PauseQuerySet:
        """Why no mail of the tenant leaves."""
        return self.filter(Q(tenant_id=None) | Q(tenant_id=tenant_id), kind=Pause.Kind.DELIVERY)


class Pause(models.Model):
    class Kind(models.TextChoices):
        ACCOUNT = "account", _("Account")  # no job of the account starts
        TENANT = "tenant", _("Company")  # no job of the tenant starts
        REPORT = "report", _("Report")  # no job of the report starts, but a probe
        DELIVERY = "delivery", _("Delivery")  # no mail leaves; with a tenant: none of that tenant

    kind = models.CharField(max_length=8, choices=Kind)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, null=True, related_name="pauses", help_text="NULL: not of an account.")
    report = models.ForeignKey(Report, on_delete=models.CASCADE, null=True, related_name="pauses", help_text="NULL: not of a report.")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, null=True, related_name="pauses", help_text="NULL: not of one tenant.")
    since = models.DateTimeField()
    by = models.CharField(max_length=254, blank=True, help_text="Who paused it. Empty: the portal itself, which also ends it.")
    because = models.CharField(max_length=300, blank=True, help_text="In the words of who paused it; tenants read it.")
    code = models.CharField(max_length=24, blank=True, help_text="Of reports/failures.py: why the portal paused it.")
    probe_at = models.DateTimeField(null=True, help_text="When one job may find out whether it is over. NULL: people end it.")

    objects = PauseQuerySet.as_manager()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["kind", "account", "report", "tenant"], nulls_distinct=False, name="one_pause_per_subject"),
            models.CheckConstraint(
                condition=models.Q(kind="account", account__isnull=False, report=None, tenant=None)
                | models.Q(kind="tenant", tenant__isnull=False, account=None, report=None)
                | models.Q(kind="report", report__isnull=False, account=None, tenant=None)
                | models.Q(kind="delivery", account=None, report=None),
                name="a_pause_names_its_subject",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.account_id or self.report_id or self.tenant_id or ''}"
