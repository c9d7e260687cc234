"""A worker that is killed while it brings files to a company's server: the next one brings what is missing, and nothing twice."""

from __future__ import annotations

import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.faults import killing
from tests.faults.carrying import BODY
from tests.reports.delivery import steps
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def environment(aws, peer, database_env):
    return environment_of(database_env, aws.environment) | {"PORTAL_OUTBOUND_ALLOW": f"127.0.0.1:{peer.port}"}


def kill(worker: subprocess.Popen[bytes]) -> None:
    """The supervisor first, so that it replaces nothing."""
    others = psutil.Process(worker.pid).children(recursive=True)
    worker.kill()
    for process in others:
        with suppress(psutil.NoSuchProcess):
            process.kill()


@pytest.mark.parametrize("step", ["files packed", "file whole", "files placed"])
def test_a_worker_killed_at_any_step_leaves_the_file_there_once(step, acme, delivery, peer, environment, tmp_path: Path):
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARKS: str(marks)}

    with running_worker(environment | trap, tmp_path) as killed:
        killed.wait(timeout=60)
    steps.let_pass(acme, minutes=20)
    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.now_of(delivery).status == "sent", 60, "the files are brought")

    assert (killed.returncode, killing.sprung(marks)) == (-signal.SIGKILL, {step})
    assert list(peer.files().values()) == [BODY]
    assert [size for _name, size in peer.shown] == [len(BODY)]
    assert peer.asked["rename"] == 1
    assert peer.hidden() == []


def test_a_worker_killed_in_mid_file_leaves_nothing_to_be_seen(acme, delivery, peer, environment, tmp_path: Path):
    peer.hangs_at("write")
    with running_worker(environment, tmp_path) as worker:
        wait_for(lambda: peer.asked["write"] > 0, 60, "a file is under way")
        kill(worker)
    seen = peer.files()
    peer.heal()
    steps.let_pass(acme, minutes=20)

    with running_worker(environment, tmp_path):
        wait_for(lambda: steps.now_of(delivery).status == "sent", 60, "the files are brought")

    assert seen == {}
    assert list(peer.files().values()) == [BODY]
    assert [size for _name, size in peer.shown] == [len(BODY)]
