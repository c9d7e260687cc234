"""A worker that is killed while a planned instant becomes jobs and deliveries: the next one goes on, and nothing is there twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from django.utils import timezone

from tests import factories
from tests.faults import killing
from tests.faults.outcome import assert_exactly_once
from tests.reports.engine.steps import status_of
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.reports.occurrences.steps import deliveries_of, jobs_of, occurrences_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("step", killing.PLAN_STEPS)
def test_a_planned_instant_takes_effect_once(step, aws, account, acme, daily_calls, database_env, tmp_path: Path):
    due = timezone.now().replace(second=0, microsecond=0)
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, cron="0 0 1 1 *", next_run_at=due)
    people = [factories.make_recipient(tenant=acme) for _ in range(3)]
    factories.make_audience(schedule=schedule, recipients=people)
    factories.make_audience(schedule=schedule, name="North", session_tags={"desk": "north"}, recipients=people[:1])
    environment = environment_of(database_env, aws.environment)
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARKS: str(marks)}

    with running_worker(environment | trap, tmp_path) as killed:
        killed.wait(timeout=30)
    with running_worker(environment, tmp_path):
        wait_for(lambda: all_completed(schedule), 40, "all jobs completed")

    assert killed.returncode == -signal.SIGKILL
    assert killing.sprung(marks) == {step}
    assert [occurrence.planned_at for occurrence in occurrences_of(schedule)] == [due]
    jobs = jobs_of(schedule)
    assert sorted(len(job.narrowing_tags) for job in jobs) == [0, 1]
    assert len(deliveries_of(schedule)) == 4
    assert_exactly_once(aws, account, jobs, slots=12)


def all_completed(schedule) -> bool:
    jobs = jobs_of(schedule)
    return bool(jobs) and all(status_of(job) == "completed" for job in jobs)
