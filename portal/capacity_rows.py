"""What the capacity page reads of one account: its day in quarters of an hour, figures of today, and who waits. In the staff scope.

Only samples and the engine's counters are read, a statement each, however many jobs wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, F, Func, Max, Min, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from reports.models import Account, CapacitySample, SnapshotJob, TenantQueue

DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WAITING_SHOWN = 8


@dataclass(frozen=True)
class Today:
    """Since midnight UTC, to the last minute. `share` of what ended well; None: nothing ended."""

    throttled: int
    delivered: int
    share: float | None


def day(account: Account, now: datetime, every: timedelta = QUARTER) -> list[dict[str, Any]]:
    """The most of each part of the last 24 hours that anything is known of: at, slots, in_use, waiting, oldest_seconds; and the sums
    delivered and failed."""
    part = Func(Value(every), F("at"), Value(EPOCH), function="date_bin", output_field=DateTimeField())
    samples = CapacitySample.objects.filter(account=account, at__gt=now - DAY, at__lte=now).annotate(part=part)
    most = {name: Max(name) for name in ("slots", "in_use", "waiting", "oldest_seconds")}
    rows = samples.order_by().values("part").annotate(**most, delivered=Sum("delivered"), failed=Sum("failed"))
    return [dict(row) for row in rows.order_by("part")]


def today(account: Any, now: datetime) -> Today:
    """`account`: of portal.queue_rows.accounts."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = Q(at__gt=midnight)
    found = CapacitySample.objects.filter(account=account, at__gte=midnight).aggregate(
        before=Min("throttled"),
        delivered=Coalesce(Sum("delivered", filter=since), 0),
        failed=Coalesce(Sum("failed", filter=since), 0),
    )
    ever = account.budget.throttled if hasattr(account, "budget") else 0
    throttled = 0 if found["before"] is None else max(0, ever - found["before"])
    ended = found["delivered"] + found["failed"]
    return Today(throttled, found["delivered"], found["delivered"] / ended if ended else None)


def waiting(account: Account) -> list[dict[str, Any]]:
    """Whose jobs stand in this account's line, the most first: name, slug, jobs, oldest_at."""
    in_line = SnapshotJob.objects.filter(account=account, tenant=OuterRef("tenant"), status=SnapshotJob.Status.QUEUED, admitted=True)
    oldest = in_line.order_by().values("tenant").annotate(at=Min("created_at")).values("at")
    rows = TenantQueue.objects.filter(account=account, queued__gt=0).order_by().values("tenant")
    counted = rows.annotate(name=F("tenant__name"), slug=F("tenant__slug"), jobs=Sum("queued"))
    most = list(counted.order_by("-jobs", "slug")[:WAITING_SHOWN])
    ages = dict(
        TenantQueue.objects.filter(account=account, tenant__in=[row["tenant"] for row in most])
        .order_by()
        .values("tenant")
        .distinct()
        .annotate(oldest_at=Subquery(oldest))
        .values_list("tenant", "oldest_at")
    )
    return [row | {"oldest_at": ages.get(row["tenant"]), "share": 100 * row["jobs"] / most[0]["jobs"]} for row in most]
