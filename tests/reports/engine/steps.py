"""Working the engine by hand: the same functions the pump calls, one turn after the other, without threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from reports.aws.clients import AccountFacts
from reports.aws.quicksight import QuickSight
from reports.engine import claim, crew
from reports.models import Account, SnapshotJob
from tenants.scope import engine_scope, tenant_scope


def quicksight(account: Account) -> QuickSight:
    return QuickSight(AccountFacts(account.aws_account_id, account.region))


def turn(account: Account, clock: Callable[[], datetime] = timezone.now) -> list[crew.Report]:
    """Claim, and one step of every job that is due."""
    with engine_scope():
        claim.claim(account.pk)
        leases = claim.take_due(account.pk, limit=50)
    return [crew.step(lease, quicksight(account), clock) for lease in leases]


def run_until_ended(account: Account, *waiting: SnapshotJob, turns: int = 200) -> None:
    for _ in range(turns):
        turn(account)
        if all(status_of(job) in SnapshotJob.ENDED for job in waiting):
            return
        time.sleep(0.05)
    raise AssertionError(f"not ended: {[status_of(job) for job in waiting]}")


def status_of(job: SnapshotJob) -> str:
    with tenant_scope(job.tenant_id):
        return SnapshotJob.objects.values_list("status", flat=True).get(pk=job.pk)
