"""Whether the process that pumps grows: its own memory after 500 jobs and after 5,000. Run by `make bench` with FULL=1.

A real worker, short jobs with small files, limits of the pretend AWS out of the way. USS is what a process has to itself.
"""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from reports.models import Account, Pump, Slot, SnapshotJob
from tenants.scope import engine_scope, platform_scope
from tests.bench.figures import FULL, show
from tests.reports.engine import steps
from tests.reports.engine.conftest import account, aws, daily_calls, server
from tests.reports.engine.worker import environment_of, running_worker, wait_for

__all__ = ["account", "aws", "daily_calls", "server"]
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not FULL, reason="takes minutes: make bench FULL=1"),
]
FIRST, ALL, BATCH = 500, 5_000, 100
SLOTS, REQUESTS_PER_SECOND, JOB_SECONDS = 60, 1000, 0.2
MOST_GROWTH = 0.05


def test_memory(aws, account, acme, daily_calls, database_env, tmp_path: Path):
    aws.control.set(slots=SLOTS, job_seconds=JOB_SECONDS, requests_per_second=100_000)
    with platform_scope():
        Account.objects.filter(pk=account.pk).update(requests_per_second=REQUESTS_PER_SECOND, slots=SLOTS)
        Slot.objects.bulk_create(Slot(account=account, number=number) for number in range(13, SLOTS + 1))
    measured: dict[int, tuple[int, int]] = {}

    # One process that pumps: of two that take turns each would have done a part.
    with running_worker(environment_of(database_env, aws.environment) | {"PORTAL_ENGINE_WORKERS": "1"}, tmp_path):
        for submitted in range(BATCH, ALL + 1, BATCH):
            for _ in range(BATCH):
                steps.submit(acme)
            wait_for(lambda number=submitted: completed() >= number - BATCH, 120, f"{submitted} jobs")
            if submitted in (FIRST, ALL):
                wait_for(lambda number=submitted: completed() == number, 120, "all of them")
                measured[submitted] = pumping_process()

    (pid, before), (same, after) = measured[FIRST], measured[ALL]
    assert pid == same, "Another process pumps: what it was measured against is another one's."
    show(f"memory of the process that pumps after {FIRST} jobs", [before / 2**20], unit="")
    show(f"its growth from there to {ALL:,} jobs", [after / before - 1], MOST_GROWTH, unit="%")


def completed() -> int:
    with engine_scope():
        return SnapshotJob.objects.filter(status="completed").count()


def pumping_process() -> tuple[int, int]:
    """Its number, and the bytes that are its own."""
    pid = int(Pump.objects.get().process.rpartition(":")[2])
    return pid, psutil.Process(pid).memory_full_info().uss
