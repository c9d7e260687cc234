"""The plan after a restore: what the world knows, and what becomes of each company's work. It changes nothing."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from reports.aws import storage
from reports.delivery import sent_log
from reports.delivery.sent_log import Gap
from reports.models import Delivery, Installation, Notice, Occurrence, Schedule, SnapshotJob
from reports.restoring import findings, mark
from reports.restoring.findings import Evidence, Findings
from tenants.models import Tenant
from tenants.scope import engine_scope, tenant_scope

# What was about to leave when the backup was made stands in the log a little before it.
EARLIER = timedelta(minutes=10)


class NotRestored(Exception):
    """There is nothing to reconcile."""


@dataclass(frozen=True)
class Strangers:
    """Files in S3 of jobs that this database does not know. They are left alone."""

    jobs: int
    files: int
    size_bytes: int


@dataclass(frozen=True)
class Plan:
    installation: Installation
    evidence: Evidence
    tenants: list[Findings]
    strangers: Strangers


def evidence(row: Installation, now: datetime, unlogged_since: datetime | None = None) -> Evidence:
    """`unlogged_since`: from when on somebody knows that S3 could not be reached. Raises AwsError, NotRestored."""
    if row.backup_at is None:
        raise NotRestored
    log = sent_log.read(row.backup_at - EARLIER, now)
    closed = {gap.since for gap in log.gaps}
    opened = [since for since in (row.unlogged_since, unlogged_since) if since and since not in closed]
    if not settings.PORTAL_BUCKET:
        # There never was a log.
        opened.append(row.backup_at)
    return Evidence(row.backup_at, log, [*log.gaps, *(Gap(since, None) for since in opened)])


def make(row: Installation, now: datetime, unlogged_since: datetime | None = None) -> Plan:
    """Outside any scope. Raises AwsError, NotRestored."""
    known = evidence(row, now, unlogged_since)
    return Plan(row, known, sorted(each_tenant(known, now), key=lambda found: found.tenant.name), _strangers(known.backup_at))


def each_tenant(known: Evidence, now: datetime) -> Iterator[Findings]:
    for tenant_id in concerned(known, now):
        with tenant_scope(tenant_id):
            # One that became a customer after the backup is not known any more.
            tenant = Tenant.objects.filter(pk=tenant_id).first()
            found = findings.of_tenant(tenant, known, now) if tenant else None
        if found and not found.is_empty:
            yield found


def concerned(known: Evidence, now: datetime) -> list[uuid.UUID]:
    """Tenants whose rows or mails there is anything to say about."""
    ids = {line.tenant for line in known.log.left.values()}
    with engine_scope():
        ids |= set(Schedule.objects.kept().filter(next_run_at__lte=now).values_list("tenant_id", flat=True))
        ids |= set(Occurrence.objects.filter(status=Occurrence.Status.PLANNED).values_list("tenant_id", flat=True))
        ids |= set(Delivery.objects.open().values_list("tenant_id", flat=True))
        ids |= set(Notice.objects.filter(status__in=Notice.OPEN).values_list("tenant_id", flat=True))
        ids |= set(SnapshotJob.objects.moving().values_list("tenant_id", flat=True))
    return sorted(ids)


def _strangers(since: datetime) -> Strangers:
    files: dict[uuid.UUID, list[int]] = {}
    if settings.PORTAL_BUCKET:
        for found in storage.listed(mark.bucket_facts(), settings.PORTAL_BUCKET, "t/"):
            job = _job_of(found.key)
            if job and found.modified_at >= since:
                files.setdefault(job, []).append(found.size_bytes)
    with engine_scope():
        known = set(SnapshotJob.objects.filter(pk__in=list(files)).values_list("pk", flat=True))
    unknown = [sizes for job, sizes in files.items() if job not in known]
    return Strangers(len(unknown), sum(map(len, unknown)), sum(map(sum, unknown)))


def _job_of(key: str) -> uuid.UUID | None:
    """Of `t/<class>/<tenant>/<job>/…`. None: it is not one of ours."""
    try:
        return uuid.UUID(key.split("/")[3])
    except (IndexError, ValueError):
        return None
