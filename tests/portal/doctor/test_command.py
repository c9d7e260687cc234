"""`manage.py doctor` as operators run it, beside a worker and without one."""

from __future__ import annotations

import subprocess
import sys

import pytest

from portal.doctor.examination import CHECKS
from reports import tasks
from reports.models import Heartbeat
from tenants.scope import engine_scope
from tests.pretend_aws import ROOT
from tests.reports.engine.worker import environment_of, running_worker, wait_for

pytestmark = pytest.mark.django_db(transaction=True)


def doctor(environment, *arguments):
    command = [sys.executable, "manage.py", "doctor", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def names(lines):
    """The checks that these lines are of, each once, in their order."""
    return list(dict.fromkeys(line.partition(":")[0].split(" ")[1] for line in lines))


@pytest.fixture
def environment(aws, database_env, tmp_path):
    https = {"PORTAL_BASE_URL": "https://portal.example", "SECRET_KEY": "k" * 64, "PORTAL_STATE_DIR": str(tmp_path)}
    return environment_of(database_env, aws.environment) | https


def test_beside_a_worker_everything_is_well(daily_calls, environment, tmp_path):
    with running_worker(environment, tmp_path):
        wait_for(lambda: {*tasks.CLUSTERS} <= beating(), 20, "both clusters take tasks")
        told = doctor(environment)

    lines = told.stdout.splitlines()
    assert [line for line in lines if line.startswith("FAIL")] == []
    assert (told.returncode, told.stderr) == (0, "")
    assert names(lines) == [check.name for check in CHECKS]


def beating():
    with engine_scope():
        return set(Heartbeat.objects.values_list("cluster", flat=True))


def test_without_a_worker_it_fails_and_says_so(daily_calls, environment):
    told = doctor(environment)

    assert told.returncode == 1
    assert "FAIL worker portal: was never seen. Remedy: start manage.py worker" in told.stdout
    assert "of these failed" in told.stderr


def test_without_a_database_it_says_so_once_and_what_it_could_not_check(environment):
    told = doctor(environment | {"DATABASE_WORKER_URL": "postgresql://portal_worker:hidden-word@127.0.0.1:1/portal"})

    failed = [line for line in told.stdout.splitlines() if line.startswith("FAIL")]
    unchecked = [check.name for check in CHECKS if check.needs_database]
    assert names(failed) == ["database"]
    assert [f"WARN {name}: not checked, because the database does not answer." in told.stdout for name in unchecked] == [True] * len(
        unchecked
    )
    assert "hidden-word" not in told.stdout + told.stderr
    assert told.returncode == 1


def test_with_a_login_that_sees_too_much_it_says_so(environment):
    told = doctor(environment | {"DATABASE_WORKER_URL": environment["DATABASE_WORKER_URL"].replace("portal_worker", "postgres")})

    assert "FAIL database: The database login postgres is a superuser: it could see every tenant's rows." in told.stdout
    assert "Traceback" not in told.stderr


def test_a_job_cannot_be_told_without_a_database(environment):
    told = doctor(environment | {"DATABASE_WORKER_URL": "postgresql://portal_worker@127.0.0.1:1/portal"}, "--job", "abcdef00")

    assert told.returncode == 1
    assert told.stderr.startswith("CommandError: The database does not answer: ")
