"""Which tenant is offered which report, tenant by tenant: no role sees all grants at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from reports.models import Account, Grant, Report
from tenants.models import SessionTag, Tenant
from tenants.scope import platform_scope, tenant_scope


@dataclass(frozen=True)
class Offer:
    tenant: Tenant
    report: Report
    session_tags: dict[str, str]

    @property
    def bucket(self) -> str:
        """Where QuickSight writes the files. Empty: nobody said."""
        return self.tenant.bucket or settings.PORTAL_BUCKET


def offers() -> Iterator[Offer]:
    with platform_scope():
        tenants = list(Tenant.objects.order_by("slug"))
    for tenant in tenants:
        with tenant_scope(tenant):
            tags = dict(SessionTag.objects.filter(tenant=tenant).values_list("key", "value"))
            reports = [
                grant.report for grant in Grant.objects.for_tenant(tenant).active().select_related("report").order_by("report__slug")
            ]
        yield from (Offer(tenant, report, tags) for report in reports)


def places() -> list[tuple[Account, str]]:
    """Every bucket that jobs write to, with the account they do it as; by name."""
    with platform_scope():
        accounts = {account.pk: account for account in Account.objects.all()}
    found = sorted({(offer.bucket, offer.report.account_id) for offer in offers()})
    return [(accounts[account_id], bucket) for bucket, account_id in found]
