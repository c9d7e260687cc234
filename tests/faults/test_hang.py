"""Row 12. A step that never ends: its process is replaced, the job is tried again, then FAILED; the late one changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone

from reports.engine import claim, leasing, moves, takeover
from reports.engine.start import start
from tenants.scope import engine_scope
from tests.faults import poison
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.reports.engine import steps
from tests.reports.engine.threads import together
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
SLOTS = 3


def test_a_job_that_hangs_is_given_up_after_three_starts_in_processes_that_are_replaced(
    aws, account, acme, globex, daily_calls, database_env, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    (tmp_path / "starts").mkdir()
    hanging = steps.submit(acme, requested_prefix="hang")
    innocent = [steps.submit(globex) for _ in range(3)]
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", poison.STARTS: str(tmp_path / "starts"), poison.SHORT: "1"}

    with running_worker(environment_of(database_env, aws.environment) | trap, tmp_path):
        wait_for(lambda: all(steps.now_of(job).has_ended for job in innocent), 60, "the others ended")
        meanwhile = steps.status_of(hanging)
        wait_for(lambda: steps.now_of(hanging).has_ended, 60, "it ended")
        late = steps.submit(globex)
        wait_for(lambda: steps.now_of(late).has_ended, 30, "a later job ended")
        processes = poison.starts(tmp_path / "starts")["hang"]
        wait_for(lambda: not any(Path(f"/proc/{process}").exists() for process in processes), 30, "its processes are gone")

    assert meanwhile == "starting"
    assert (steps.status_of(hanging), steps.now_of(hanging).failure_code) == ("failed", "internal")
    assert len(processes) == 3
    assert_exactly_once(aws, account, [*innocent, late], slots=SLOTS, never_sent=[hanging])
    assert_delivered([*innocent, late])


def test_a_start_that_comes_back_after_its_job_was_tried_again_changes_nothing(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    aws.control.hang(steps.START, 1.5)
    (hanging,) = _lease(account)

    def second_one() -> None:
        wait_for(lambda: aws.control.stats()["start_calls"], 10, "the first call is under way")
        steps.let_pass(job, seconds=leasing.LEASE_SECONDS + 1)
        with engine_scope():
            takeover.take_over(account.pk, "worker:1:1")
        steps.run_until_ended(account, job)

    faults = together(lambda: start(acme.pk, hanging.job_id, steps.quicksight(account), timezone.now), second_one)

    assert faults == []
    assert_exactly_once(aws, account, [job], slots=1)
    assert_delivered([job])
    assert len(steps.events_of(job, "accepted")) == 1


def test_a_start_that_comes_back_after_its_job_was_given_up_leaves_it_given_up(aws, account, acme, daily_calls):
    job = steps.submit(acme)
    aws.control.hang(steps.START, 1)
    (hanging,) = _lease(account)

    def give_up() -> None:
        wait_for(lambda: aws.control.stats()["start_calls"], 10, "the call is under way")
        moves.move(acme.pk, job.pk, "starting", lambda job: moves.fail(job, "internal", timezone.now()))

    faults = together(lambda: start(acme.pk, hanging.job_id, steps.quicksight(account), timezone.now), give_up)

    assert faults == []
    assert steps.status_of(job) == "failed"
    assert steps.events_of(job, "accepted") == []
    assert_exactly_once(aws, account, [job], slots=1)


def _lease(account):
    with engine_scope():
        claim.claim(account.pk)
        return leasing.take_due(account.pk, 1)
