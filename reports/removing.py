"""Removing a job's objects from S3, all versions of them.

Whoever calls it writes down afterwards that they are gone: killed in between, it is done again and comes to the same.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from reports import retention
from reports.aws import removal
from reports.catalogue import read_facts
from reports.models import SnapshotFile, SnapshotJob
from tenants.scope import tenant_scope


@dataclass(frozen=True, order=True)
class Place:
    """Where objects of a job lie: all that is below the prefix is its own."""

    bucket: str
    prefix: str


@dataclass(frozen=True)
class Holdings:
    """What a job has in S3, and as whose account."""

    account_id: int
    places: frozenset[Place]


def holdings(job_id: uuid.UUID) -> Holdings:
    """Where its attempts wrote, and where its files were moved to. In the tenant's scope."""
    job = SnapshotJob.objects.prefetch_related("attempts", "files").get(pk=job_id)
    places = {Place(attempt.bucket, attempt.prefix) for attempt in job.attempts.all()}
    places |= {Place(file.bucket, retention.folder(file.key)) for file in job.files.all()}
    return Holdings(job.account_id, frozenset(places))


def remove(held: Holdings, *, but: Collection[str] = ()) -> int:
    """All of it but these keys; how many versions went. Outside any scope. Raises AwsError."""
    account = read_facts(held.account_id)
    count = 0
    for place in sorted(held.places):
        found = removal.versions(account, place.bucket, place.prefix)
        count += removal.remove(account, place.bucket, (version for version in found if version.key not in but))
    return count


def mark(tenant_id: uuid.UUID, job_id: uuid.UUID, keys: Collection[str], now: datetime) -> int:
    """Writes down that the files with these keys are gone; how many. Outside any scope.

    What a hold moved meanwhile has another key and is there: called gone, no purge after the release would ever remove it.
    """
    with tenant_scope(tenant_id):
        files = SnapshotFile.objects.filter(tenant=tenant_id, job=job_id, key__in=keys, purged_at=None)
        return files.update(purged_at=now, moved_from="")
