"""Warning the owner before a promise is broken: an occurrence that is still open shortly before, or whose jobs will not start in time."""

from __future__ import annotations

import logging
import uuid
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from reports.mails.failure_notices import run_late
from reports.models import Occurrence
from tenants.scope import engine_scope, tenant_scope

logger = logging.getLogger(__name__)
# Still open so long before the promised time, it is in danger.
MARGIN_SECONDS = 300
# What a job needs after its start, at the least.
RUN_SECONDS = 60
MOST = 100
ENDANGERED = """
select o.id, o.tenant_id from reports_occurrence o
 where o.status in ('planned', 'running') and o.warned_at is null and o.ready_by_at is not null
   and o.ready_by_at <= %(now)s + interval '1 day'
   and (o.ready_by_at <= %(now)s + make_interval(secs => %(margin)s)
        or exists (select from reports_snapshotjob job
                    where job.occurrence_id = o.id and job.status = 'queued'
                      and job.expected_start_at > o.ready_by_at - make_interval(secs => %(run)s)))
 order by o.ready_by_at limit %(most)s
"""


def warn(now: datetime) -> int:
    """Once for each occurrence; how many. Opens its own scopes."""
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(ENDANGERED, {"now": now, "margin": MARGIN_SECONDS, "run": RUN_SECONDS, "most": MOST})
        found = cursor.fetchall()
    return sum(_warn(occurrence_id, tenant_id, now) for occurrence_id, tenant_id in found)


def _warn(occurrence_id: uuid.UUID, tenant_id: uuid.UUID, now: datetime) -> bool:
    """One that breaks keeps no other waiting, and is looked at again."""
    try:
        return _warn_once(occurrence_id, tenant_id, now)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("occurrence %s of tenant %s: its owner could not be warned", occurrence_id, tenant_id)
        return False


def _warn_once(occurrence_id: uuid.UUID, tenant_id: uuid.UUID, now: datetime) -> bool:
    with tenant_scope(tenant_id):
        unwarned = Occurrence.objects.filter(tenant=tenant_id, pk=occurrence_id, status__in=Occurrence.OPEN, warned_at=None)
        if not unwarned.update(warned_at=now):
            return False
        run_late(Occurrence.objects.select_related("tenant", "schedule__tenant").get(tenant=tenant_id, pk=occurrence_id), now)
    return True
