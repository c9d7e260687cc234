"""Running again, over all tenants, what failed in a time: after an outage, or once a cause was put right.

Each job and each delivery in a transaction of its own: whatever stops it in the middle, calling it again does the rest and nothing twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef

from reports import jobs
from reports.delivery.failures import CAUSES as MAIL_CAUSES
from reports.failures import CAUSES as JOB_CAUSES
from reports.models import Delivery, SnapshotJob, Suppression
from reports.occurrences.job_ends import JOB_FAILED
from reports.occurrences.rounds import WAITS_FOR_FILES
from reports.occurrences.settling import settle
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope

JOB, DELIVERY = "job", "delivery"


@dataclass(frozen=True)
class Wish:
    """What failed from `since` on, before `until`. Empty: any cause, any tenant, any report (by their slugs)."""

    since: datetime
    until: datetime
    cause: str = ""
    tenant: str = ""
    report: str = ""


@dataclass(frozen=True)
class Failed:
    kind: str
    tenant: Tenant
    id: uuid.UUID
    cause: str


def is_cause(code: str) -> bool:
    return code in JOB_CAUSES or code in MAIL_CAUSES


def find(wish: Wish) -> Iterator[Failed]:
    """Outside any scope."""
    with platform_scope():
        tenants = list(Tenant.objects.filter(**{"slug": wish.tenant} if wish.tenant else {}).order_by("slug"))
    for tenant in tenants:
        with tenant_scope(tenant):
            found = [*_failed_jobs(tenant, wish), *_failed_deliveries(tenant, wish)]
        yield from found


def _failed_jobs(tenant: Tenant, wish: Wish) -> Iterator[Failed]:
    """Those that nobody ran again yet."""
    later = SnapshotJob.objects.for_tenant(tenant).filter(retry_of=OuterRef("pk"))
    failed = SnapshotJob.objects.for_tenant(tenant).visible().filter(~Exists(later), status=SnapshotJob.Status.FAILED)
    failed = failed.filter(finished_at__gte=wish.since, finished_at__lt=wish.until)
    failed = failed.filter(failure_code=wish.cause) if wish.cause else failed
    failed = failed.filter(report__slug=wish.report) if wish.report else failed
    for pk, cause in failed.order_by("finished_at", "id").values_list("pk", "failure_code"):
        yield Failed(JOB, tenant, pk, cause)


def _failed_deliveries(tenant: Tenant, wish: Wish) -> Iterator[Failed]:
    """Not those that go along with their job, nor to an address that nothing is sent to."""
    suppressed = Suppression.objects.filter(tenant=tenant, email=OuterRef("address"))
    failed = Delivery.objects.for_tenant(tenant).filter(
        ~Exists(suppressed), status=Delivery.Status.FAILED, job__status=SnapshotJob.Status.COMPLETED
    )
    failed = failed.filter(ended_at__gte=wish.since, ended_at__lt=wish.until).exclude(failure_code=JOB_FAILED)
    failed = failed.filter(failure_code=wish.cause) if wish.cause else failed
    failed = failed.filter(job__report__slug=wish.report) if wish.report else failed
    for pk, cause in failed.order_by("ended_at", "id").values_list("pk", "failure_code"):
        yield Failed(DELIVERY, tenant, pk, cause)


def run_again(failed: Failed, actor: Actor, now: datetime) -> bool:
    """False: somebody else had it run again meanwhile. Raises Refused where it is not offered any more."""
    with tenant_scope(failed.tenant):
        return _make_again(failed, actor, now) if failed.kind == JOB else _send_again(failed, now)


def _make_again(failed: Failed, actor: Actor, now: datetime) -> bool:
    rows = SnapshotJob.objects.for_tenant(failed.tenant).select_related("tenant", "report")
    job = rows.select_for_update(of=("self",)).get(pk=failed.id)
    if job.retries.exists():
        return False
    jobs.retry(job, actor, now=now)
    return True


def _send_again(failed: Failed, now: datetime) -> bool:
    rows = Delivery.objects.for_tenant(failed.tenant).filter(pk=failed.id, status=Delivery.Status.FAILED)
    if not rows.update(**WAITS_FOR_FILES | {"next_try_at": now}):
        return False
    occurrence_id = Delivery.objects.for_tenant(failed.tenant).values_list("occurrence_id", flat=True).get(pk=failed.id)
    if occurrence_id:
        settle(occurrence_id, now)
    return True
