"""Row 11. Jobs that raise, run out of memory, or take their process along: three starts each, then FAILED; the queue moves on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import poison
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.reports.engine import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)
SLOTS, INNOCENT = 4, 4


@pytest.mark.parametrize("poisons", [("exception", "memory"), ("exit", "kill")], ids=" and ".join)
def test_a_job_that_ends_its_process_is_given_up_after_three_starts(
    poisons, aws, account, acme, globex, daily_calls, database_env, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    (tmp_path / "starts").mkdir()
    poisoned = [steps.submit(acme, requested_prefix=name) for name in poisons]
    innocent = [steps.submit(globex) for _ in range(INNOCENT)]
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", poison.STARTS: str(tmp_path / "starts")}

    def all_ended() -> bool:
        return all(steps.now_of(job).has_ended for job in (*poisoned, *innocent))

    with running_worker(environment_of(database_env, aws.environment) | trap, tmp_path):
        wait_for(all_ended, 90, "all jobs ended")
        late = steps.submit(globex)
        wait_for(lambda: steps.now_of(late).has_ended, 30, "a later job ended")

    assert {(steps.now_of(job).status, steps.now_of(job).failure_code) for job in poisoned} == {("failed", "internal")}
    starts = {name: len(processes) for name, processes in poison.starts(tmp_path / "starts").items()}
    # Who was in hand when another ended the process may not have come to its own deed.
    assert (starts.keys(), max(starts.values())) == (set(poisons), 3)
    assert_exactly_once(aws, account, [*innocent, late], slots=SLOTS, never_sent=poisoned)
    assert_delivered([*innocent, late])
