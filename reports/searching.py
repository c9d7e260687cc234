"""What a company has under some words: a few of each kind, newest or alphabetically first. In its scope.

Each statement is bounded, however much a company has: lists that stay short are read through, the others are entered by an index. LIKE is
no way into an index here: under row-level security PostgreSQL looks at a row's company before it compares text (decision 53).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet

from reports.address_book import listing
from reports.models import Grant, Link, Recipient, Schedule, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from tenants.models import Tenant

# Shown of each kind; one more is read, to know whether there are more.
FEW = 5
# Fewer characters say nothing.
LEAST = 2
# Of a job's id or a link's reference: a million of them may begin with the same three.
LEAST_OF_AN_ID = 4


def reports(tenant: Tenant, words: str) -> list[Grant]:
    return list(Grant.objects.for_tenant(tenant).active().filter(report__name__icontains=words).with_report()[: FEW + 1])


def schedules(tenant: Tenant, words: str) -> list[Schedule]:
    found = Schedule.objects.for_tenant(tenant).kept().filter(Q(name__icontains=words) | Q(report__name__icontains=words))
    return list(found.select_related("report").order_by("-created_at", "-id")[: FEW + 1])


def recipients(tenant: Tenant, words: str) -> list[Recipient]:
    """Reads the company's own address book, from A to Z, until there are enough."""
    return list(listing.matching(tenant, query=words).order_by("email")[: FEW + 1])


def jobs(tenant: Tenant, words: str, offered: Sequence[Grant]) -> SnapshotJobQuerySet:
    """By the beginning of their id, and the newest of each of the reports. Each part enters by an index of its own."""
    listed = SnapshotJob.objects.for_tenant(tenant).visible()
    parts: list[QuerySet[Any]] = [listed.filter(report=grant.report_id).newest_first() for grant in offered[:FEW]]
    if len(words.replace("-", "")) >= LEAST_OF_AN_ID:
        parts.append(listed.with_id_like(words).order_by("pk"))
    return listed.filter(pk__in=_ids(parts)).newest_first()[: FEW + 1]


def links(tenant: Tenant, words: str, people: Sequence[Recipient]) -> list[Link]:
    """By the beginning of their reference, to the address as it is typed, and the newest to each of those people."""
    listed = Link.objects.for_tenant(tenant)
    addresses = dict.fromkeys([words.lower(), *(person.email for person in people[:FEW])])
    parts: list[QuerySet[Any]] = [listed.exclude(email="").filter(email=address).order_by("-created_at", "-id") for address in addresses]
    if len(words) >= LEAST_OF_AN_ID:
        parts.append(listed.with_reference_like(words).order_by("reference"))
    found = listed.filter(pk__in=_ids(parts)).select_related("job__report")
    return list(found.order_by("-created_at", "-id")[: FEW + 1])


def _ids(parts: Sequence[QuerySet[Any]]) -> list[uuid.UUID]:
    """Of the first few of each part, in one statement: one condition with an OR would read every row there is."""
    if not parts:
        return []
    first, *others = [part.values_list("pk", flat=True)[: FEW + 1] for part in parts]
    return list(first.union(*others, all=True) if others else first)
