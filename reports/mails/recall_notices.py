"""Telling those who downloaded a report that it was corrected or withdrawn: in the transaction that makes it so, each address once."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from reports.models import Download, Notice, SnapshotJob
from tenants.models import Membership, Tenant

AT_ONCE = 1000


@dataclass(frozen=True)
class Reader:
    """`link_id`: by which they had it; None: signed in."""

    address: str
    language: str
    link_id: uuid.UUID | None = None


def tell_of_recall(job: SnapshotJob, versions: Collection[uuid.UUID], now: datetime) -> None:
    """`versions`: the jobs whose files were withdrawn. In the tenant's scope."""
    _tell(job, Notice.Kind.RECALLED, versions, now)


def tell_of_correction(job: SnapshotJob, older: Collection[uuid.UUID], now: datetime) -> None:
    """`job`: the corrected version, which is ready. Who may have it is asked when the mail is written."""
    _tell(job, Notice.Kind.CORRECTED, older, now)


def _tell(job: SnapshotJob, kind: Notice.Kind, had: Collection[uuid.UUID], now: datetime) -> None:
    asked = [
        Notice(
            tenant=job.tenant,
            kind=kind,
            key=f"{kind} {job.pk} {hashlib.sha256(reader.address.encode()).hexdigest()[:32]}",
            address=reader.address,
            language=reader.language or job.tenant.language,
            job=job,
            link_id=reader.link_id,
            next_try_at=now,
            created_at=now,
        )
        for reader in _readers(job.tenant, had)
    ]
    Notice.objects.bulk_create(asked, batch_size=AT_ONCE, ignore_conflicts=True)


def _readers(tenant: Tenant, jobs: Collection[uuid.UUID]) -> list[Reader]:
    """Who got a file of these jobs, by address. Programs are told by an event instead."""
    downloads = Download.objects.filter(tenant=tenant, file__job__in=jobs)
    members = downloads.exclude(user=None).values("user")
    people = Membership.objects.filter(tenant=tenant, user__is_active=True, user__in=members).values_list("user__email", flat=True)
    found = {address.lower(): Reader(address.lower(), "") for address in people}
    # The link of a delivery, where there is one, and of those the newest: its address can be written again.
    by_link = downloads.exclude(link=None).exclude(link__email="").order_by(F("link__delivery").asc(nulls_first=True), "link__created_at")
    for address, language, link_id in by_link.values_list("link__email", "link__language", "link").distinct():
        found[address.lower()] = Reader(address.lower(), language, link_id)
    return list(found.values())
