"""The files of people who were erased: removed from S3 after their rows, job by job, until none is left. Killed anywhere, it goes on."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime

from reports import removing
from reports.alerts import alert, settle
from reports.aws.errors import AwsError
from reports.models import Erasure, SnapshotFile
from reports.purging import MayGoOn
from tenants import log_context
from tenants.models import Tenant, TenantCode
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
ALARM = "erasure_not_ended"


def remove_all(now: datetime, may_go_on: MayGoOn) -> int:
    """Of every company; how many jobs' objects went. Outside any scope."""
    tenants = list(TenantCode.objects.order_by("tenant").values_list("tenant_id", flat=True))
    return sum(remove(tenant_id, now, may_go_on) for tenant_id in tenants if may_go_on())


def remove(tenant_id: uuid.UUID, now: datetime, may_go_on: MayGoOn) -> int:
    """Of one company. Waits while it is held: a hold that began after the rows were erased."""
    count = 0
    with log_context.about(tenant=tenant_id):
        while may_go_on():
            with tenant_scope(tenant_id):
                tenant = Tenant.objects.get(pk=tenant_id)
                job_id = None if tenant.held_since else _next(tenant)
                held = removing.holdings(job_id) if job_id else None
                keys = list(SnapshotFile.objects.to_erase(tenant).filter(job=job_id).values_list("key", flat=True))
            if job_id is None or held is None:
                break
            try:
                removing.remove(held)
            except AwsError as error:
                told = f"Files of somebody who was erased at {tenant.slug} cannot be removed from S3: {error}."
                alert(ALARM, f'{told} Remedy: the rights in docs/operations.md, "What AWS has to allow".', tenant.slug)
                return count
            removing.mark(tenant_id, job_id, keys, now)
            count += 1
        _end(tenant_id, now)
    return count


def _next(tenant: Tenant) -> uuid.UUID | None:
    return SnapshotFile.objects.to_erase(tenant).order_by("erasure_id", "job_id").values_list("job_id", flat=True).first()


def _end(tenant_id: uuid.UUID, now: datetime) -> None:
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        waiting = SnapshotFile.objects.to_erase(tenant).values("erasure")
        ended = Erasure.objects.filter(tenant=tenant, ended_at=None).exclude(pk__in=waiting).update(ended_at=now)
    if ended:
        logger.info("%s erasure(s) ended", ended)
        settle(ALARM, tenant.slug)
