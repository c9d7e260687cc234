"""Taking links back: one, or all of a job, an address or a schedule. From the commit on no click gets a URL."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from reports.links.job_ends import made_again
from reports.models import Link, Occurrence, Recipient, Schedule, SnapshotJob
from reports.models.delivery import LinkQuerySet
from tenants.audit import Actor, record
from tenants.models import Tenant


@dataclass(frozen=True)
class LinkSet:
    """Links that can be revoked together. Also those that have ended: their visitors could ask for new ones."""

    tenant: Tenant
    links: LinkQuerySet
    about: Any
    # For the audit trail.
    facts: dict[str, str]

    def count(self, now: datetime) -> tuple[int, int]:
        """How many are not revoked, and how many of them work now."""
        standing = self.links.filter(revoked_at=None)
        return standing.count(), standing.active(now).count()


def of_job(job: SnapshotJob) -> LinkSet:
    """Also links that now lead to files of it that were prepared again."""
    again = made_again(job.tenant, SnapshotJob.objects.for_tenant(job.tenant).filter(pk=job.pk))
    return _of(job.tenant, Q(job=job) | Q(delivery__job=job) | Q(job__in=again), job, job=str(job.pk))


def of_selected(tenant: Tenant, *, links: Collection[uuid.UUID] = (), jobs: Collection[uuid.UUID] = ()) -> LinkSet:
    """Those of these ids, and all of these jobs, as `of_job` finds them. What is not the tenant's is in none."""
    own = SnapshotJob.objects.for_tenant(tenant).visible().filter(pk__in=jobs)
    which = Q(pk__in=links)
    if jobs:
        which |= Q(job__in=own) | Q(delivery__job__in=own) | Q(job__in=made_again(tenant, own))
    return _of(tenant, which, None)


def of_address(tenant: Tenant, address: str) -> LinkSet:
    """In the tenant's scope. The trail has the person's id, or nothing: never the address."""
    address = address.strip().lower()
    person = Recipient.objects.for_tenant(tenant).filter(email=address).first()
    return _of(tenant, Q(email=address), person)


def of_schedule(schedule: Schedule) -> LinkSet:
    runs = Occurrence.objects.for_tenant(schedule.tenant).filter(schedule=schedule)
    again = made_again(schedule.tenant, SnapshotJob.objects.for_tenant(schedule.tenant).filter(occurrence__in=runs))
    which = Q(job__occurrence__in=runs) | Q(delivery__occurrence__in=runs) | Q(job__in=again)
    return _of(schedule.tenant, which, schedule, schedule=schedule.slug)


def _of(tenant: Tenant, which: Q, about: Any, **facts: str) -> LinkSet:
    return LinkSet(tenant, Link.objects.for_tenant(tenant).filter(which), about, facts)


def revoke(link: Link, actor: Actor, *, now: datetime) -> None:
    """A URL minted before lives out its minute. Revoking twice changes nothing."""
    if Link.objects.for_tenant(link.tenant).filter(pk=link.pk).revoke(now):
        record(actor, "link.revoked", now=now, tenant=link.tenant, about=link, after={"reference": link.reference})
    link.refresh_from_db()


def revoke_all(which: LinkSet, actor: Actor, *, now: datetime) -> int:
    """All at once, and how many; their `revoked_at` is the time of the one line in the audit trail. Inside the tenant's scope."""
    count = which.links.revoke(now)
    if count:
        record(actor, "links.revoked", now=now, tenant=which.tenant, about=which.about, after=which.facts | {"count": count})
    return count
