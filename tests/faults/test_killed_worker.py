"""Row 1. A worker that is killed at any step: the next one goes on from the tables. One snapshot each, one set of files, no slot lost."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.faults import killing
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
JOBS, SLOTS = 3, 2


@pytest.mark.parametrize("step", killing.STEPS)
def test_a_worker_killed_at_any_step_costs_no_second_snapshot(step, aws, account, acme, daily_calls, database_env, tmp_path: Path):
    use_slots(account, aws, SLOTS)
    submitted = [steps.submit(acme) for _ in range(JOBS)]
    environment = environment_of(database_env, aws.environment)
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARKS: str(marks)}

    with running_worker(environment | trap, tmp_path) as killed:
        killed.wait(timeout=30)
    with running_worker(environment, tmp_path):
        wait_for(lambda: all(steps.status_of(job) == "completed" for job in submitted), 30, "all jobs completed")

    assert killed.returncode == -signal.SIGKILL
    assert killing.sprung(marks) == {step}
    assert_exactly_once(aws, account, submitted, slots=SLOTS)
    assert_delivered(submitted)
