"""Row 3. The database server is killed at each step of the work and started again: what was committed is there, and all go on unaided."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from django.db import Error, connection, connections
from psycopg.conninfo import conninfo_to_dict
from pytest_django import DjangoDbBlocker

from portal.database import DATABASE, urls
from portal.local import state_dir
from portal.local.postgres import Cluster
from tenants import roles
from tests import database, factories
from tests.faults import killing
from tests.faults.outcome import assert_delivered, assert_exactly_once, use_slots
from tests.faults.web import running_web
from tests.pretend_aws import ACCOUNT, REGION
from tests.reports.engine import steps
from tests.reports.engine.worker import ROOT, environment_of, running_worker, wait_for

NAME = f"killed-{os.getpid()}"
SLOTS, JOBS = 2, 6


class Postgres:
    """A server of the test's own: the suite's is shared, and loses what was committed just before it is killed."""

    def __init__(self) -> None:
        self._uses = [Cluster(NAME).acquire()]
        self._uses[0].ensure_database(DATABASE)
        self.urls = urls(self._uses[0])
        self.pid_file = state_dir() / f"postgres-{NAME}" / "data" / "postmaster.pid"
        self.restarts = 0

    def restart_if_killed(self) -> None:
        process = int(self.pid_file.read_text().split()[0])
        if not psutil.pid_exists(process) or psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
            self._uses.append(Cluster(NAME).acquire())
            self.restarts += 1

    def stop(self) -> None:
        for use in self._uses:
            use.release()
        shutil.rmtree(self.pid_file.parents[1])


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def environment(postgres, django_db_setup, django_db_blocker: DjangoDbBlocker) -> Iterator[dict[str, str]]:
    """Migrated; and this process is connected to it, instead of to the suite's."""
    environment = environment_of(database.environment(DATABASE) | postgres.urls, {})
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], cwd=ROOT, env=environment, check=True)
    parts = conninfo_to_dict(postgres.urls[roles.URL_VARIABLES[roles.WORKER]])
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        connections.close_all()
        for setting, key in {"NAME": "dbname", "HOST": "host", "PORT": "port", "USER": "user"}.items():
            patch.setitem(connection.settings_dict, setting, parts[key])
        yield environment
        connections.close_all()


def test_a_database_killed_at_each_step_of_the_work_loses_nothing_and_needs_nobody(aws, environment, postgres, tmp_path: Path):
    account = factories.make_account(aws_account_id=ACCOUNT, region=REGION, slots=SLOTS, requests_per_second=100)
    acme = factories.make_tenant(slug="acme", name="Acme Hotels")
    factories.make_grant(tenant=acme, report=factories.make_report(slug="daily-calls", account=account))
    use_slots(account, aws, SLOTS)
    submitted = [steps.submit(acme) for _ in range(JOBS)]
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.MARKS: str(marks), killing.POSTMASTER: str(postgres.pid_file)}
    not_ready = []

    def done() -> bool:
        postgres_was_killed = postgres.restarts
        if web.status("/readyz", timeout=5) == 503:
            not_ready.append(postgres_was_killed)
        postgres.restart_if_killed()
        try:
            return all(steps.now_of(job).has_ended for job in submitted)
        except Error:
            connection.close()
            return False

    with running_web(environment, tmp_path) as web, running_worker(environment | aws.environment | trap, tmp_path):
        wait_for(done, 120, "all jobs ended")
        wait_for(lambda: web.status("/readyz") == 200, 10, "web is ready again")

    assert killing.sprung(marks) == killing.STEPS.keys()
    assert postgres.restarts == len(killing.STEPS)
    assert not_ready
    assert_exactly_once(aws, account, submitted, slots=SLOTS)
    assert_delivered(submitted)
    assert {steps.now_of(job).crashes for job in submitted} == {0}
