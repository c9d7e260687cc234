"""A worker that is killed while it removes or moves files: the next one goes on, and row and object say the same in the end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from django.utils import timezone

from reports import legal_hold, tasks
from reports.erasing import asking
from reports.models import Erasure, SnapshotFile
from tenants.audit import Actor
from tenants.scope import staff_scope, tenant_scope
from tests import factories
from tests.faults import killing
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.reports.test_retention import objects, ready

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def killed_at(aws, database_env, tmp_path: Path):
    """Kills a worker at the step, while it does what was sent for; then lets another one do it again, until `is_done`."""

    def kill(step: str, send, is_done) -> None:
        environment, marks = environment_of(database_env, aws.environment), tmp_path / "marks"
        marks.mkdir()
        trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARKS: str(marks)}
        send()
        with running_worker(environment | trap, tmp_path) as killed:
            killed.wait(timeout=90)
        assert (killed.returncode, killing.sprung(marks)) == (-signal.SIGKILL, {step})
        assert not is_done()
        send()
        with running_worker(environment, tmp_path):
            wait_for(is_done, 40, f"done after {step}")

    return kill


def unpurged(tenant) -> int:
    with tenant_scope(tenant):
        return SnapshotFile.objects.kept().count()


def test_a_purge_removes_all_that_is_due(killed_at, acme, daily_calls, aws):
    for _ in range(3):
        ready(acme, daily_calls, aws, days_ago=91)

    killed_at("objects removed", tasks.send_purge, lambda: unpurged(acme) == 0)

    assert objects(aws) == set()


@pytest.mark.parametrize("step", ["object copied", "object moved"])
def test_every_file_of_a_held_company_is_moved(step, killed_at, acme, omar, daily_calls, aws):
    files = [ready(acme, daily_calls, aws, days_ago=days)[1] for days in range(3)]
    with staff_scope(omar):
        legal_hold.begin(acme, Actor("omar"), "Case 4711.", now=timezone.now())

    def is_done() -> bool:
        with tenant_scope(acme):
            return not SnapshotFile.objects.exclude(key__startswith="t/held/").exists()

    killed_at(step, tasks.send_move_held, is_done)

    held = {file.key.replace("/r90/", "/held/") for file in files}
    assert held <= objects(aws)
    legal_hold.remove_old_copies(acme.pk, timezone.now() + legal_hold.SPARE * 60)
    assert objects(aws) == held


def test_an_erasure_ends_with_its_last_object(killed_at, acme, daily_calls, aws):
    for _ in range(3):
        job, _file = ready(acme, daily_calls, aws)
        factories.make_delivery(job=job, address="anna@azurebay.example", status="sent")
    with tenant_scope(acme):
        erased = asking.erase(acme, Actor("olga"), "anna@azurebay.example", "She asked.", now=timezone.now())

    def is_done() -> bool:
        with tenant_scope(acme):
            return Erasure.objects.get(pk=erased.pk).ended_at is not None

    killed_at("objects removed", tasks.send_remove_erased, is_done)

    assert objects(aws) == set()
    assert unpurged(acme) == 0
