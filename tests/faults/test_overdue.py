"""A worker that is gone, or a database, is told by a process that needs neither of the worker's queues: once, and once that it is over."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psutil
import pytest
from django.db.models import F

from reports import tasks
from reports.models import Heartbeat
from tenants.scope import engine_scope
from tests.faults.test_connections import network
from tests.pretend_aws import ROOT
from tests.reports.engine.worker import PATIENCE, environment_of, running_worker, wait_for
from tests.webhook import PATH, Receiver

__all__ = ["network"]
pytestmark = pytest.mark.django_db(transaction=True)
SENDER = "reports@anycompany.example"
GONE = [("alarm.raised", "worker_silent", name) for name in ("portal", "work")]
BACK = [("alarm.ended", "worker_silent", name) for name in ("portal", "work")]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
def environment(aws, database_env, smtp, receiver) -> dict[str, str]:
    told = {"PORTAL_ALERT_WEBHOOK": receiver.url, "EMAIL_URL": smtp.url(**{"from": SENDER})}
    return environment_of(database_env, aws.environment) | told


def overdue(environment: dict[str, str], state: Path) -> subprocess.CompletedProcess[str]:
    """One look, as cron has it."""
    command = [sys.executable, "manage.py", "overdue"]
    return subprocess.run(
        command, cwd=ROOT, env=environment | {"PORTAL_STATE_DIR": str(state)}, capture_output=True, text=True, timeout=300
    )


@contextmanager
def watching(environment: dict[str, str], state: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "manage.py", "overdue", "--every", "10"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment | {"PORTAL_STATE_DIR": str(state)})
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40 * PATIENCE)


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    return sorted((body["type"], body["code"], body["subject"]) for body in receiver.told)


def beats() -> int:
    return Heartbeat.objects.filter(cluster__in=tasks.CLUSTERS).count()


def let_pass(**duration: float) -> None:
    """As if the worker had ended so long ago."""
    with engine_scope():
        Heartbeat.objects.update(beat_at=F("beat_at") - timedelta(**duration))


def kill(worker: subprocess.Popen[bytes]) -> None:
    """With all its processes, as a host that loses its power."""
    processes = [psutil.Process(worker.pid), *psutil.Process(worker.pid).children(recursive=True)]
    for process in processes:
        process.kill()


def test_a_worker_that_was_killed_is_told_once_and_its_return_too(environment, receiver, smtp, ines, account, tmp_path):
    with running_worker(environment, tmp_path / "worker") as worker:
        wait_for(lambda: beats() == 2, 60, "both queues beat")
        healthy = overdue(environment, tmp_path / "overdue")
        kill(worker)
    let_pass(minutes=10)

    first, second = (overdue(environment, tmp_path / name) for name in ("overdue", "another-host"))

    assert (healthy.returncode, healthy.stdout) == (0, "Nothing is overdue.\n")
    assert (first.returncode, second.returncode) == (1, 1)
    assert first.stdout.splitlines()[0].startswith("worker_silent portal: The worker's queue portal has not been seen for")
    assert told(receiver) == GONE
    assert sorted(mail.recipients for mail in smtp.mails) == [(ines.email,)] * 2

    with running_worker(environment, tmp_path / "worker"):
        wait_for(lambda: overdue(environment, tmp_path / "overdue").returncode == 0, 60, "it beats again")
        wait_for(lambda: len(receiver.told) == 4 and len(smtp.mails) == 4, 60, "both were told that it is over")
        again = overdue(environment, tmp_path / "overdue")

    assert again.returncode == 0
    assert told(receiver) == sorted(GONE + BACK)
    assert PATH not in first.stdout + first.stderr


def test_a_worker_that_was_never_started_is_told_by_two_that_look_on_once(environment, receiver, smtp, ines, account, tmp_path):
    receiver.answers(503)
    with watching(environment, tmp_path / "one") as one, watching(environment, tmp_path / "two") as two:
        wait_for(lambda: receiver.requests >= 2 and len(smtp.mails) == 2, 60, "the mails came, and the webhook was tried")
        receiver.answers(204)
        wait_for(lambda: len(receiver.told) == 2, 60, "the webhook was tried again")

    assert told(receiver) == GONE
    assert len(smtp.mails) == 2
    assert (one.returncode, two.returncode) == (0, 0)


def test_a_database_that_is_gone_is_told_without_one(environment, network, database_env, receiver, smtp, ines, account, tmp_path):
    for cluster in tasks.CLUSTERS:
        tasks.beat(cluster)
    name = database_env["DATABASE_WORKER_URL"].rpartition("@")[2].partition("/")[2].partition("?")[0]
    away = environment | {"DATABASE_WORKER_URL": f"postgresql://portal_worker@127.0.0.1:{network.port}/{name}"}
    assert overdue(away, tmp_path).returncode == 0

    network.refuse()
    first = overdue(away, tmp_path)
    before = list(receiver.told)
    state = json.loads((tmp_path / "overdue.json").read_text())
    state["since"] = (datetime.fromisoformat(state["since"]) - timedelta(minutes=2)).isoformat()
    (tmp_path / "overdue.json").write_text(json.dumps(state))
    second, third = overdue(away, tmp_path), overdue(away, tmp_path)

    assert [done.returncode for done in (first, second, third)] == [1, 1, 1]
    assert (first.stdout.split(":")[0], before) == ("database_silent", [])
    assert told(receiver) == [("alarm.raised", "database_silent", "")]
    assert [mail.recipients for mail in smtp.mails] == [(ines.email,)]

    network.listen()
    assert overdue(away, tmp_path).returncode == 0
    assert told(receiver) == [("alarm.ended", "database_silent", ""), ("alarm.raised", "database_silent", "")]
    assert len(smtp.mails) == 2
