"""Working the engine by hand: the same functions the pump calls, one turn after the other, and time that passes when a test says so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F
from django.utils import timezone

from reports import jobs
from reports.aws.clients import AccountFacts
from reports.aws.quicksight import QuickSight
from reports.engine import claim, crew, holding, leasing
from reports.engine.pacing import Pacing
from reports.engine.turns import Turns
from reports.models import Account, Attempt, JobEvent, Pause, Report, Slot, SnapshotFile, SnapshotJob
from tenants.audit import Actor
from tenants.scope import engine_scope, platform_scope, tenant_scope

ADAM = Actor("adam@acme.example")
START = "StartDashboardSnapshotJob"
DESCRIBE = "DescribeDashboardSnapshotJob"
RESULT = "DescribeDashboardSnapshotJobResult"
JOB_TIMES = ("created_at", "asked_at", "deadline_at", "not_before", "next_look_at", "lease_until", "started_at")
JOB_TIMES += ("rendering_since", "render_until")
ATTEMPT_TIMES = ("created_at", "accepted_at", "ended_at", "service_created_at", "service_updated_at")
DISAGREEMENTS = """
select count(*) from reports_slot slot
  full join (select id from reports_snapshotjob where status in ('starting', 'running')) job on job.id = slot.job_id
 where (slot.job_id is null) <> (job.id is null)
"""


def submit(tenant, report: str = "daily-calls", **wanted) -> SnapshotJob:
    """One small CSV, unless `wanted` says otherwise."""
    wanted = {"formats": ["CSV"], "visual_ids": ["table-1"]} | wanted
    with tenant_scope(tenant):
        return jobs.submit(tenant, ADAM, jobs.Wanted(report, **wanted), now=timezone.now())


def quicksight(account: Account) -> QuickSight:
    return QuickSight(AccountFacts(account.aws_account_id, account.region))


def turn(account: Account, clock: Callable[[], datetime] = timezone.now) -> list[crew.Report]:
    """Claim, and one step of every job that is due, one after the other in this thread."""
    with engine_scope():
        if not holding.hold(account.pk):
            claim.claim(account.pk)
        leases = leasing.take_due(account.pk, limit=50)
    return work_on(account, *leases, clock=clock)


def work_on(account: Account, *leases: leasing.Lease, clock: Callable[[], datetime] = timezone.now) -> list[crew.Report]:
    pacing = Pacing(account.pk, clock)
    reports = [crew.step(lease, quicksight(account), clock) for lease in leases]
    for report in reports:
        pacing.hear(report)
    with engine_scope():
        pacing.write()
    return reports


@contextmanager
def pumping(account: Account) -> Iterator[Callable[[], Turns]]:
    """What is yielded does one turn of a real pump, with its threads and its budget, and takes in all reports of that turn."""
    with engine_scope():
        account.refresh_from_db()
    turns = Turns(account)

    def one_turn() -> Turns:
        turns.beat_at = turns.fill_at = 0.0
        turns.turn()
        while turns.crew.busy:
            turns.listen(0.1)
        return turns

    try:
        yield one_turn
    finally:
        turns.crew.dismiss()


def run_until_ended(account: Account, *waiting: SnapshotJob, seconds: float = 20) -> None:
    run_until(account, *waiting, status=SnapshotJob.ENDED, seconds=seconds)


def run_until(account: Account, *waiting: SnapshotJob, status, seconds: float = 20) -> None:
    """Turns, with so many seconds passing between them, until every job is in `status`, or one of them."""
    wanted = {status} if isinstance(status, str) else set(status)
    for _ in range(200):
        if all(status_of(job) in wanted for job in waiting):
            return
        turn(account)
        let_pass(*waiting, seconds=seconds)
        time.sleep(0.03)
    raise AssertionError(f"not {wanted}: {[status_of(job) for job in waiting]}")


def let_pass(*passed: SnapshotJob, **duration: float) -> None:
    """As if so much time had gone by for these jobs: all their times move into the past."""
    back = timedelta(**duration)
    for job in passed:
        with tenant_scope(job.tenant_id):
            SnapshotJob.objects.filter(pk=job.pk).update(**{name: F(name) - back for name in JOB_TIMES})
            Attempt.objects.filter(job=job).update(**{name: F(name) - back for name in ATTEMPT_TIMES})


def mark_checked(report: Report) -> None:
    """As if preflight had passed after every job that waits was asked for: their starts are what is asked next."""
    with platform_scope():
        Report.objects.filter(pk=report.pk).update(preflight_at=timezone.now())


def let_probe(report: Report) -> None:
    """As if the time had come in which a job finds out whether what paused the report is over."""
    with engine_scope():
        Pause.objects.filter(report=report).update(probe_at=timezone.now())


def make_due(*waiting: SnapshotJob) -> None:
    """As if their back-off were over, and no other time had passed."""
    for job in waiting:
        with tenant_scope(job.tenant_id):
            SnapshotJob.objects.filter(pk=job.pk).update(next_look_at=timezone.now())


def now_of(job: SnapshotJob) -> SnapshotJob:
    """The row as it is now."""
    with tenant_scope(job.tenant_id):
        return SnapshotJob.objects.get(pk=job.pk)


def status_of(job: SnapshotJob) -> str:
    return now_of(job).status


def attempts_of(job: SnapshotJob) -> list[Attempt]:
    with tenant_scope(job.tenant_id):
        return list(Attempt.objects.filter(job=job).order_by("number"))


def files_of(job: SnapshotJob) -> list[SnapshotFile]:
    with tenant_scope(job.tenant_id):
        return list(SnapshotFile.objects.filter(job=job))


def events_of(job: SnapshotJob, type: str = "") -> list[JobEvent]:
    with tenant_scope(job.tenant_id):
        return [event for event in JobEvent.objects.filter(job=job) if type in ("", event.type)]


def held_slots(account: Account) -> int:
    """Slots in use. Slot rows and job rows must always say the same."""
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(DISAGREEMENTS)
        assert cursor.fetchone() == (0,)
        return Slot.objects.filter(account=account).exclude(job=None).count()
