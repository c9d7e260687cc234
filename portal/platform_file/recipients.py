"""Addresses that reports go to, in the tenant's address book: made when a table first names them."""

from __future__ import annotations

from collections.abc import Sequence

from portal.platform_file.reading import Entry
from portal.platform_file.run import Run
from reports.address_book.addresses import refuse_foreign_domain
from reports.erasing.hashing import recall
from reports.models import Recipient
from reports.refused import Refused
from tenants.models import Tenant


def check_domain(tenant: Tenant, email: str, entry: Entry, key: str) -> None:
    try:
        refuse_foreign_domain(tenant, email)
    except Refused as refused:
        entry.fault(key, refused.detail)


def find_or_create(tenant: Tenant, emails: Sequence[str], run: Run) -> list[Recipient]:
    """In the order of the addresses."""
    known = {recipient.email: recipient for recipient in Recipient.objects.for_tenant(tenant).filter(email__in=emails)}
    return [known.get(email) or add(tenant, email, run) for email in emails]


def add(tenant: Tenant, email: str, run: Run, name: str = "") -> Recipient:
    recipient = Recipient.objects.create(tenant=tenant, email=email, name=name)
    recall(tenant, [email])
    run.changes.added("recipient", f"{tenant.slug}/{email}", recipient, {"name": name}, tenant)
    return recipient


def check_domains(tenant: Tenant, emails: Sequence[str], entry: Entry, key: str) -> None:
    for position, email in enumerate(emails, 1):
        check_domain(tenant, email, entry, f"{key}[{position}]")
