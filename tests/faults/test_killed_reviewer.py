"""A worker that is killed while it checks held files: the next one checks them again, and there is one verdict."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests import factories
from tests.faults import killing
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.reports.gate import files, steps

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("step", killing.GATE_STEPS)
def test_a_worker_killed_at_any_step_of_a_review_leaves_one_verdict(step, aws, acme, olga, database_env, tmp_path: Path):
    schedule = factories.make_schedule(tenant=acme, release="if_usual", must_contain="Acme Hotels")
    fine = steps.finish(aws, steps.make_run(schedule, people=["anna@c.example"]), files.pdf("Acme Hotels"))
    environment = environment_of(database_env, aws.environment)
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARKS: str(marks)}

    with running_worker(environment | trap, tmp_path) as killed:
        killed.wait(timeout=60)
    steps.let_pass(acme, hours=1)
    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.review_of(fine).status == "released", 60, "the verdict")

    assert (killed.returncode, killing.sprung(marks)) == (-signal.SIGKILL, {step})
    assert steps.told(acme) == ["job.completed"]
    assert [delivery.next_try_at is not None for delivery in steps.deliveries_of(fine)] == [True]
