"""A process that serves with a login that row-level security does not hold is stopped at its first connection."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.pretend_aws import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
SERVE = [sys.executable, "-c", "import portal.wsgi"]


def serve(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Like a web process: no manage.py, so it takes the web login."""
    return subprocess.run(
        SERVE,
        cwd=ROOT,
        env=environment | {"DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_web_login_serves(database_env):
    assert serve(database_env).returncode == 0


@pytest.mark.parametrize(
    ("login", "fault"),
    [("DATABASE_OWNER_URL", "portal_owner owns the tables"), ("DATABASE_WORKER_URL", "portal_worker may become portal_engine")],
)
def test_the_web_process_refuses_a_stronger_login(database_env, login, fault):
    answer = serve(database_env | {"DATABASE_URL": database_env[login]})

    assert answer.returncode != 0
    assert fault in answer.stderr
    assert "manage.py create_roles" in answer.stderr


def test_the_check_names_the_fault_for_a_superuser(database_env):
    superuser = database_env["DATABASE_URL"].replace("portal_web", "postgres")

    answer = serve(database_env | {"DATABASE_URL": superuser})

    assert answer.returncode != 0
    assert "postgres is a superuser" in answer.stderr


def test_a_role_in_the_connections_options_hides_nobody(database_env):
    disguised = database_env["DATABASE_WORKER_URL"] + "&options=-c%20role%3Dportal_app"

    answer = serve(database_env | {"DATABASE_URL": disguised})

    assert answer.returncode != 0
    assert "portal_worker may become portal_engine" in answer.stderr


def test_a_database_that_is_down_does_not_stop_the_start(database_env):
    answer = serve(database_env | {"DATABASE_URL": "postgresql://portal_web@127.0.0.1:9/portal"})

    assert answer.returncode == 0
    assert "the database does not answer yet" in answer.stderr


def test_a_database_of_its_own_wants_a_secret_key_for_every_process(database_env):
    environment = {name: value for name, value in database_env.items() if name not in ("SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL")}

    answer = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )

    assert answer.returncode != 0
    assert "SECRET_KEY is not set" in answer.stderr
