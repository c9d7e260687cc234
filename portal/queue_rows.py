"""What the queue page of staff shows of each account and each company: one statement each, however many jobs wait.

Numbers of those in line are the engine's own counters. Jobs that a pause or a later time keeps out of it are counted as far as
COUNTED_UP_TO: to count a million of them at each poll would slow down the queue that is looked at.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Count, Exists, F, Func, IntegerField, Min, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Now
from django.http import Http404

from reports.models import Account, Alarm, Pause, Slot, SnapshotJob, TenantQueue
from tenants.models import Tenant

Status, Lane = SnapshotJob.Status, SnapshotJob.Lane
COUNTED_UP_TO = 1000
# Of one company, by report.
READ_UP_TO = 10_000
# A pump beats several times a second while there is work; one is sent for each minute.
PUMP_LATE = timedelta(minutes=2)


def accounts() -> QuerySet[Account]:
    """By name; those without slots are retired. With slots, jobs in line by lane, and whether somebody pumps."""
    slots = Slot.objects.filter(account=OuterRef("pk")).order_by().values("account")
    queues = TenantQueue.objects.filter(account=OuterRef("pk")).order_by().values("account")
    waiting = SnapshotJob.objects.filter(account=OuterRef("pk"), status=Status.QUEUED)
    return (
        Account.objects.filter(Q(slots__gt=0) | Exists(waiting))
        .select_related("budget", "pump")
        .annotate(
            in_use=_number(slots.filter(job__isnull=False).values(n=Count("pk"))),
            resting=_number(slots.filter(job=None, enabled=True, rests_until__gt=Now()).values(n=Count("pk"))),
            waiting_now=_number(queues.filter(lane=Lane.NOW).values(n=Sum("queued"))),
            waiting_scheduled=_number(queues.filter(lane=Lane.SCHEDULED).values(n=Sum("queued"))),
            held=_counted(waiting.filter(admitted=False)),
            # All jobs have as long until their deadline, and this order has an index.
            oldest_at=Subquery(waiting.order_by("deadline_at").values("created_at")[:1]),
            is_pumped=Case(When(pump__beat_at__gt=Now() - PUMP_LATE, then=True), default=False),
            is_slowed=Case(When(budget__slowed_until__gt=Now(), then=True), default=False),
        )
        .order_by("name")
    )


def tenants() -> QuerySet[Any]:
    """With jobs in line by lane and running ones, over all accounts. `known`: waiting jobs counted up to COUNTED_UP_TO, in line or not."""
    queues = TenantQueue.objects.filter(tenant=OuterRef("pk")).order_by().values("tenant")
    waiting = SnapshotJob.objects.filter(tenant=OuterRef("pk"), status=Status.QUEUED)
    pauses = Pause.objects.filter(kind=Pause.Kind.TENANT, tenant=OuterRef("pk"))
    return (
        Tenant.objects.annotate(
            waiting_now=_number(queues.filter(lane=Lane.NOW).values(n=Sum("queued"))),
            waiting_scheduled=_number(queues.filter(lane=Lane.SCHEDULED).values(n=Sum("queued"))),
            running=_number(queues.values(n=Sum("running"))),
            known=_counted(waiting),
            oldest_at=Subquery(waiting.order_by("created_at", "id").values("created_at")[:1]),
            paused_since=Subquery(pauses.values("since")[:1]),
        )
        .annotate(in_line=F("waiting_now") + F("waiting_scheduled"))
        .order_by("-in_line", "slug")
    )


def busy(tenants: QuerySet[Any]) -> QuerySet[Any]:
    """Those with a job that moves, and those that are paused."""
    # One look into an index for each tenant: of an EXISTS the planner makes a join that reads every job that waits.
    moving = SnapshotJob.objects.filter(tenant=OuterRef("pk"), status__in=SnapshotJob.MOVING).order_by()
    return tenants.alias(a_job=Subquery(moving.values("pk")[:1])).filter(Q(a_job__isnull=False) | Q(paused_since__isnull=False))


def key_of(tenant: Any) -> str:
    """Of a page of `tenants`, busiest first: the next one begins after it."""
    return f"{tenant.in_line}-{tenant.slug}"


def beyond(found: QuerySet[Any], key: str) -> QuerySet[Any]:
    """After the row with this key, busiest first; empty: from the first. Raises Http404 for a key that is none."""
    if not key:
        return found
    in_line, _dash, slug = key.partition("-")
    if not in_line.isdecimal() or len(in_line) > 9 or "\0" in slug:
        raise Http404("not a key of this list")
    return found.filter(Q(in_line__lt=int(in_line)) | Q(in_line=int(in_line), slug__gt=slug))


def waiting_by_report(tenant: Tenant) -> list[dict[str, Any]]:
    """What the company has waiting, of the newest READ_UP_TO jobs: report, now, scheduled, held, oldest_at; the most first."""
    newest = SnapshotJob.objects.filter(tenant=tenant, status=Status.QUEUED).order_by("-created_at", "-id").values("pk")[:READ_UP_TO]
    admitted = Q(admitted=True)
    rows = SnapshotJob.objects.filter(pk__in=newest).values(slug=F("report__slug"), name=F("report__name"))
    counted = rows.annotate(
        now=Count("pk", filter=admitted & Q(lane=Lane.NOW)),
        scheduled=Count("pk", filter=admitted & Q(lane=Lane.SCHEDULED)),
        held=Count("pk", filter=~admitted),
        jobs=Count("pk"),
        oldest_at=Min("created_at"),
    )
    return [dict(row) for row in counted.order_by("-jobs", "slug")]


def pauses() -> QuerySet[Pause]:
    """All that does not go on, the oldest first."""
    return Pause.objects.select_related("account", "report", "tenant").order_by("since", "id")


def held(tenant: Any) -> int:
    """Waiting jobs of one of `tenants` that are not in line, or fewer where there are more than are counted."""
    return max(0, tenant.known - tenant.in_line)


def alarms() -> QuerySet[Alarm]:
    """Those that last, the newest first."""
    return Alarm.objects.filter(ended_at=None).order_by("-raised_at", "-id")


def drawn_account(account: Any) -> tuple[object, ...]:
    """What the page shows of it and may change."""
    names = ("pk", "slots", "in_use", "resting", "waiting_now", "waiting_scheduled", "held", "oldest_at", "is_pumped", "is_slowed")
    states = ("refused_since", "unanswered_since", "probe_at")
    return tuple(getattr(account, name) for name in (*names, *states))


def drawn_tenant(tenant: Any) -> tuple[object, ...]:
    names = ("pk", "waiting_now", "waiting_scheduled", "running", "known", "oldest_at", "paused_since")
    return tuple(getattr(tenant, name) for name in (*names, "weight", "max_running", "max_waiting"))


def _number(values: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(values, output_field=IntegerField()), Value(0))


def _counted(jobs: QuerySet[SnapshotJob]) -> Func:
    """Up to one more than COUNTED_UP_TO."""
    found = jobs.order_by().values("pk")[: COUNTED_UP_TO + 1]
    return Func(ArraySubquery(found), function="cardinality", output_field=IntegerField())
