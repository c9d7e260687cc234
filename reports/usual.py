"""How long a report usually takes for a tenant, from its being accepted by QuickSight to its end."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from statistics import median

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef
from django.db.models.functions import Coalesce

from reports.models import Grant, SnapshotJob
from tenants.models import Tenant

LATELY = 20
# Past so many times the usual a job takes longer than usual.
LONG = 2


def usual_seconds(tenant: Tenant, reports: Iterable[uuid.UUID]) -> dict[uuid.UUID, float]:
    """By report, the middle of its last completed jobs; without a report that has none. One query for all of them."""
    # As SnapshotJob.counted_from.
    done = SnapshotJob.objects.filter(tenant=OuterRef("tenant"), report=OuterRef("report"), status=SnapshotJob.Status.COMPLETED)
    done = done.filter(dry_run_tags__isnull=True).exclude(trigger=SnapshotJob.Trigger.IMPORTED)
    took = done.newest_first().values(took=F("finished_at") - Coalesce("started_at", "created_at"))[:LATELY]
    grants = Grant.objects.for_tenant(tenant).filter(report__in=set(reports))
    return {report: median(took).total_seconds() for report, took in grants.values_list("report", ArraySubquery(took)) if took}
