"""The purge: what is past its company's days goes, first from S3, then in the row that says so.

Companies take turns, a batch each, so that one with a million files due delays no other's. A run ends after a while; what is left is due
in the next one. A company under a legal hold is passed over. Rows stay: they are the record of what was made and who had it.
"""

from __future__ import annotations

import logging
import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import QuerySet

from reports import removing
from reports.alerts import alert, settle
from reports.aws.errors import AwsError
from reports.models import Attempt, SnapshotFile
from tenants import log_context
from tenants.models import Tenant, TenantCode
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
# Of a company in one turn. Each costs a call of S3 or two.
BATCH = 100
ALARM = "files_not_removed"
MayGoOn = Callable[[], bool]


def purge(now: datetime, may_go_on: MayGoOn) -> int:
    """How many jobs were purged. Outside any scope."""
    waiting = list(TenantCode.objects.values_list("tenant_id", flat=True))
    # Where a run has not time for all, none is always the last.
    random.shuffle(waiting)
    purged = 0
    while waiting and may_go_on():
        tenant_id = waiting.pop(0)
        with log_context.about(tenant=tenant_id):
            done, more = purge_some(tenant_id, now, may_go_on)
        purged += done
        waiting += [tenant_id] if more else []
    return purged


def purge_some(tenant_id: uuid.UUID, now: datetime, may_go_on: MayGoOn) -> tuple[int, bool]:
    """One company's batch: how many jobs were purged, and whether more may be due."""
    due = due_jobs(tenant_id, now)
    count = 0
    for job_id in due:
        if not may_go_on():
            return count, False
        try:
            if not purge_job(tenant_id, job_id, now):
                return count, False
        except AwsError as error:
            _tell(tenant_id, error)
            return count, False
        count += 1
    if due:
        settle(ALARM, _slug(tenant_id))
    # Files of a batch may be of few jobs, and attempts come after files: only a look that finds nothing says that nothing is left.
    return count, bool(due)


def due_jobs(tenant_id: uuid.UUID, now: datetime) -> list[uuid.UUID]:
    """Whose files are past their days, oldest first; then those whose failed attempts may have left something. None under a hold."""
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        if tenant.held_since:
            return []
        files = SnapshotFile.objects.past_days(tenant, now).order_by("created_at", "id").values_list("job_id", flat=True)[:BATCH]
        jobs = list(dict.fromkeys(files))
        return jobs or list(dict.fromkeys(_left_over(tenant, now).order_by("ended_at", "id").values_list("job_id", flat=True)[:BATCH]))


def _left_over(tenant: Tenant, now: datetime) -> QuerySet[Attempt]:
    """Failed attempts, whose objects are no files of anybody. Those of the attempt that worked are its files."""
    until = now - timedelta(days=tenant.retention_days)
    failed = Attempt.objects.filter(tenant=tenant, purged_at=None, ended_at__lte=until).exclude(failure_code="")
    # While a job moves, what lies there may be what it is about to collect.
    return failed.filter(job__finished_at__lte=until)


def purge_job(tenant_id: uuid.UUID, job_id: uuid.UUID, now: datetime) -> bool:
    """False: a hold began meanwhile, and nothing was removed. Raises AwsError; then nothing is written."""
    with tenant_scope(tenant_id):
        # Read anew for each job: a hold counts from the next one.
        tenant = Tenant.objects.get(pk=tenant_id)
        if tenant.held_since:
            return False
        held = removing.holdings(job_id)
        due = SnapshotFile.objects.past_days(tenant, now).filter(job=job_id)
        due_keys = list(due.values_list("key", flat=True))
        kept = SnapshotFile.objects.for_tenant(tenant).kept().filter(job=job_id).exclude(key__in=due_keys)
        staying = {key for keys in kept.values_list("key", "moved_from") for key in keys}
    removed = removing.remove(held, but=staying)
    files = removing.mark(tenant_id, job_id, due_keys, now)
    with tenant_scope(tenant_id):
        Attempt.objects.filter(tenant=tenant_id, job=job_id, purged_at=None).exclude(ended_at=None).update(purged_at=now)
    logger.info("job %s: %s file(s) purged", job_id, files, extra={"job": job_id, "files": files, "objects": removed})
    return True


def _slug(tenant_id: uuid.UUID) -> str:
    with tenant_scope(tenant_id):
        return Tenant.objects.values_list("slug", flat=True).get(pk=tenant_id)


def _tell(tenant_id: uuid.UUID, error: AwsError) -> None:
    slug = _slug(tenant_id)
    sentence = (
        f"Files of {slug} are past their days and cannot be removed from S3: {error}. They are handed out to nobody, and it is tried again "
        'each quarter of an hour. Remedy: the rights in docs/operations.md, "What AWS has to allow".'
    )
    alert(ALARM, sentence, slug)
