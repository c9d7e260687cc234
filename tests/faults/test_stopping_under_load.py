"""SIGTERM of web and worker while people and programs ask, as docs/operations.md, "Upgrading", has it: nothing fails or is doubled."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import pytest
import requests
from django.utils import timezone

from reports.models import SnapshotJob
from tenants.scope import tenant_scope
from tests import factories
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.faults.web import session_of
from tests.pretend_aws import ROOT
from tests.reports.delivery import steps as mail
from tests.reports.engine import steps
from tests.reports.engine.worker import PATIENCE, environment_of, running_worker, wait_for
from tests.reports.occurrences import steps as runs

pytestmark = pytest.mark.django_db(transaction=True)
JOB = {"report": "daily-calls", "formats": ["CSV"], "visuals": ["table-1"]}
READERS, MOST_JOBS, MOST_REQUESTS = 5, 24, 5_000
# Two requests each: a key has ten a second.
CREATES_EACH_SECONDS = 0.25
SLOTS, HANDOVERS = 3, 2
PEOPLE = [f"person-{number}@acme.example" for number in range(6)]


class Load:
    """People and programs who ask over kept connections until they are told to stop, each one thing after the other."""

    def __init__(self, address: str, key: str, session: str) -> None:
        self.address, self.key, self.session = address, key, session
        self.answers: Counter[str] = Counter()
        self._ending, self._lock = threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._read) for _ in range(READERS)]
        self._threads.append(threading.Thread(target=self._create))

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *about: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self) -> None:
        until = self.answers.total() + 30
        wait_for(lambda: self.answers.total() > until, 60, "people ask")

    def _goes_on(self, pause: float = 0.1) -> bool:
        return not self._ending.wait(pause) and self.answers.total() < MOST_REQUESTS

    def _read(self) -> None:
        browser = requests.Session()
        browser.cookies.set("session", self.session)
        while self._goes_on():
            self._ask(browser, "GET", "/t/acme/")
            self._ask(browser, "GET", "/t/acme/jobs/")

    def _create(self) -> None:
        program, number = requests.Session(), 0
        program.headers["Authorization"] = f"Bearer {self.key}"
        while self._goes_on(CREATES_EACH_SECONDS):
            if number < MOST_JOBS:
                number += 1
                self._ask(program, "POST", "/api/v1/jobs/", json=JOB, headers={"Idempotency-Key": f"order-{number}"})
            self._ask(program, "GET", "/api/v1/jobs/")

    def _ask(self, session: requests.Session, method: str, path: str, **options: object) -> None:
        try:
            told = str(session.request(method, self.address + path, timeout=120, allow_redirects=False, **options).status_code)
        except requests.RequestException as error:
            told = f"{type(error).__name__}: {error}"
        with self._lock:
            self.answers[f"{method} {told}"] += 1


@contextmanager
def serving(shared: socket.socket, environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A web process as the image runs it, at the address that it shares with the one before and at one of its own; yielded once it is ready
    there. Ended by SIGTERM."""
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as own, (folder / "web.log").open("wb") as log:
        binds = [f"--bind=fd://{listener.fileno()}" for listener in (shared, own)]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config=python:portal.gunicorn", "--workers=1", *binds],
            cwd=ROOT,
            env=environment | {"PORTAL_STATE_DIR": str(folder)},
            stdout=log,
            stderr=log,
            pass_fds=[shared.fileno(), own.fileno()],
        )
        address = f"http://127.0.0.1:{own.getsockname()[1]}/healthz"
    try:
        wait_for(lambda: _answers(address), 60, "it is ready")
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(timeout=40 * PATIENCE)


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).status_code == 200
    except requests.RequestException:
        return False


def test_no_request_fails_and_nothing_is_doubled_while_web_processes_follow_each_other(
    aws, account, acme, adam, daily_calls, database_env, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    environment = environment_of(database_env, aws.environment)
    key, session = factories.make_api_key(tenant=acme)[1], session_of(adam)
    ended = []

    with ExitStack() as stack:
        stack.enter_context(running_worker(environment, tmp_path / "worker"))
        shared = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=128))
        serves = stack.enter_context(serving(shared, environment, tmp_path / "web-0"))
        with Load(f"http://127.0.0.1:{shared.getsockname()[1]}", key, session) as load:
            for number in range(1, HANDOVERS + 1):
                load.wait_for_more()
                follows = stack.enter_context(serving(shared, environment, tmp_path / f"web-{number}"))
                stop(serves)
                ended.append(serves.returncode)
                serves = follows
            load.wait_for_more()
        made = jobs_of(acme)
        wait_for(lambda: all(steps.now_of(job).has_ended for job in made), 90, "all jobs ended")

    assert load.answers.keys() == {"GET 200", "POST 201"}
    assert len(made) == load.answers["POST 201"] > 0
    assert ended == [0] * HANDOVERS
    assert_exactly_once(aws, account, made, slots=SLOTS)
    assert_delivered(made)


def jobs_of(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.for_tenant(tenant).order_by("created_at"))


def test_workers_that_are_stopped_in_the_middle_of_everything_end_each_job_once_and_send_each_mail_once(
    aws, account, acme, daily_calls, smtp, database_env, tmp_path: Path
):
    use_slots(account, aws, SLOTS)
    due = timezone.now().replace(second=0, microsecond=0)
    when = {"cron": f"{due.minute} {due.hour} * * *", "timezone": "UTC", "next_run_at": due}
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, formats=["CSV"], visual_ids=["table-1"], **when)
    factories.make_audience(schedule=schedule, recipients=[factories.make_recipient(tenant=acme, email=email) for email in PEOPLE])
    environment = environment_of(database_env, aws.environment) | {"EMAIL_URL": mail.url_of(smtp)}
    submitted: list[SnapshotJob] = []
    ended = []

    for number in range(HANDOVERS + 1):
        submitted.extend(steps.submit(acme) for _ in range(4 * SLOTS))
        # Some wait, some run, and it ended one: each worker but the last is stopped in the middle of it.
        enough = ended_of(submitted) + 1 if number < HANDOVERS else len(submitted)
        with running_worker(environment, tmp_path / "worker") as worker:
            wait_for(partial(have_ended, submitted, enough), 120, "work goes on")
            if number == HANDOVERS:
                wait_for(lambda: len(smtp.mails) >= len(PEOPLE), 60, "all mails leave")
        ended.append((worker.returncode, have_ended(submitted, len(submitted))))

    made = [*submitted, *runs.jobs_of(schedule)]
    assert ended == [(0, False)] * HANDOVERS + [(0, True)]
    assert_exactly_once(aws, account, made, slots=SLOTS)
    assert_delivered(made)
    assert Counter(found.recipients[0] for found in smtp.mails) == Counter(PEOPLE)


def ended_of(jobs: list[SnapshotJob]) -> int:
    return sum(steps.now_of(job).has_ended for job in jobs)


def have_ended(jobs: list[SnapshotJob], number: int) -> bool:
    return ended_of(jobs) >= number
