"""What the pump and the expander do, by hand: the same functions, one after the other."""

from __future__ import annotations

from datetime import datetime

from reports.engine import due, moves
from reports.job_ends import job_ended
from reports.models import Account, Delivery, Occurrence, Schedule, SnapshotJob
from reports.occurrences.expanding import Expander
from reports.occurrences.settling import settle
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests import factories

HALVES = (0, 1)
ADAM = Actor("adam@acme.example")


def note(now: datetime, account: Account | None = None) -> None:
    """Until nothing is due."""
    account = account or factories.the_account()
    while due.note(account.pk, now):
        pass


def expand() -> None:
    """Until nothing is planned, or what is planned has to wait."""
    for half in HALVES:
        expander = Expander(half)
        while expander.turn():
            pass


def half_of(tenant: Tenant) -> int:
    """Whose expander serves the tenant."""
    return next(half for half in HALVES if tenant.pk.bytes[-1] % len(HALVES) == half)


def occurrences_of(schedule: Schedule) -> list[Occurrence]:
    """Oldest first."""
    with tenant_scope(schedule.tenant_id):
        rows = (
            Occurrence.objects.for_tenant(schedule.tenant)
            .filter(schedule=schedule)
            .select_related("tenant", "schedule", "schedule__report")
        )
        return list(rows.order_by("planned_at"))


def the_occurrence(schedule: Schedule) -> Occurrence:
    (occurrence,) = occurrences_of(schedule)
    return occurrence


def jobs_of(schedule: Schedule) -> list[SnapshotJob]:
    with tenant_scope(schedule.tenant_id):
        rows = SnapshotJob.objects.filter(occurrence__schedule=schedule).select_related("tenant", "report", "occurrence__schedule")
        return list(rows.order_by("round", "created_at", "id"))


def deliveries_of(schedule: Schedule) -> list[Delivery]:
    with tenant_scope(schedule.tenant_id):
        return list(Delivery.objects.filter(occurrence__schedule=schedule).select_related("job").order_by("address", "job_id"))


def now_of(schedule: Schedule) -> Schedule:
    with tenant_scope(schedule.tenant_id):
        return Schedule.objects.select_related("tenant", "report").get(pk=schedule.pk)


def complete(job: SnapshotJob, now: datetime) -> None:
    """As if it had run to its end; without files."""
    with tenant_scope(job.tenant_id):
        SnapshotJob.objects.filter(pk=job.pk).update(status="completed", finished_at=now)
        job.refresh_from_db()
        job_ended(job, now)


def fail(job: SnapshotJob, now: datetime, code: str = "report_failed") -> None:
    with tenant_scope(job.tenant_id):
        moves.fail(job, code, now)


def send(delivery: Delivery, now: datetime, status: str = "sent", failure_code: str = "") -> None:
    """As the courier writes it down."""
    from_scope = {"status": status, "ended_at": now, "next_try_at": None, "failure_code": failure_code}
    with tenant_scope(delivery.tenant_id):
        Delivery.objects.filter(pk=delivery.pk).update(**from_scope, sent_at=now if status == "sent" else None)
        settle(delivery.occurrence_id, now)
