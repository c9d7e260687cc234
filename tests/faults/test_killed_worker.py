"""A worker that is killed at any step: the next one goes on from the tables. One snapshot each, one set of files, no slot lost."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from reports.models import Slot
from tenants.scope import engine_scope
from tests.faults import killing
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
JOBS, SLOTS = 3, 2


@pytest.mark.parametrize("step", killing.STEPS)
def test_a_worker_killed_at_any_step_costs_no_second_snapshot(step, aws, account, acme, daily_calls, database_env, tmp_path: Path):
    aws.control.set(slots=SLOTS)
    with engine_scope():
        Slot.objects.filter(account=account, number__gt=SLOTS).update(enabled=False)
    submitted = [steps.submit(acme) for _ in range(JOBS)]
    environment = environment_of(database_env, aws.environment)
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARK: str(tmp_path / "sprung")}

    with running_worker(environment | trap, tmp_path) as killed:
        killed.wait(timeout=30)
    with running_worker(environment, tmp_path):
        wait_for(lambda: all(steps.status_of(job) == "completed" for job in submitted), 30, "all jobs completed")

    stats = aws.control.stats()
    assert killed.returncode == -signal.SIGKILL
    assert stats["accepted"] == {str(attempt.pk): 1 for job in submitted for attempt in steps.attempts_of(job)}
    assert len(stats["accepted"]) == JOBS
    assert stats["peak_unfinished"] <= SLOTS
    assert stats["refused_by_limit"] == 0
    assert [len(steps.files_of(job)) for job in submitted] == [1] * JOBS
    assert [len(steps.events_of(job, "completed")) for job in submitted] == [1] * JOBS
    assert steps.held_slots(account) == 0
