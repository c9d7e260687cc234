"""Tables, policies and logins."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tenants import roles
from tests.pretend_aws import ROOT
from tests.tenants.test_roles import DATABASE, admin, cluster

__all__ = ["admin", "cluster"]


def test_an_answer_names_version_and_login(db, ask):
    (line,) = ask("database")

    assert line.startswith("OK database: PostgreSQL ")
    assert line.endswith(" answers portal_worker.")


@pytest.mark.django_db(transaction=True)
def test_a_missing_migration_is_named(login, ask):
    owner = login(roles.OWNER)
    owner.execute("delete from django_migrations where app = 'reports' and name = '0002_row_security'")

    (line,) = ask("migrations")

    owner.execute("insert into django_migrations (app, name, applied) values ('reports', '0002_row_security', now())")
    assert line == "FAIL migrations: 1 not applied: reports.0002_row_security. Remedy: manage.py migrate, with DATABASE_OWNER_URL."
    assert ask("migrations") == ["OK migrations: all applied."]


@pytest.mark.django_db(transaction=True)
def test_each_lack_of_row_level_security_is_a_line(login, ask):
    owner = login(roles.OWNER)
    steps = [
        "create table scratch (tenant_id uuid)",
        "alter table scratch enable row level security",
        "alter table scratch force row level security",
        "create policy all_rows on scratch using (false)",
        "alter table scratch no force row level security",
    ]

    found = []
    try:
        for step in steps:
            owner.execute(step)
            found.append([line.partition(". ")[0] for line in ask("row-security")])
    finally:
        owner.execute("drop table scratch")

    lack = "FAIL row-security scratch: row-level security"
    assert found[:3] == [
        [f"{lack} is off", f"{lack} is not forced", f"{lack} has no policy"],
        [f"{lack} is not forced", f"{lack} has no policy"],
        [f"{lack} has no policy"],
    ]
    assert found[3][0].startswith("OK row-security: on and forced")
    assert found[4] == [f"{lack} is not forced"]


def test_the_logins_of_the_tests_are_apart(db, ask):
    assert [line.split(":")[0] for line in ask("login")] == [f"OK login {login}" for login in roles.LOGINS]


@pytest.mark.parametrize(
    ("spoil", "mend", "line"),
    [
        (
            "alter role portal_web bypassrls",
            "alter role portal_web nobypassrls",
            "FAIL login portal_web: it sees every tenant's rows, whatever the policies say. "
            "Remedy: alter role portal_web nosuperuser nobypassrls.",
        ),
        (
            "grant portal_engine to portal_web",
            "revoke portal_engine from portal_web",
            "FAIL login portal_web: it may become portal_engine, which it must not. Remedy: manage.py create_roles --run ADMIN_URL.",
        ),
        (
            "revoke portal_platform from portal_worker",
            "grant portal_platform to portal_worker",
            "FAIL login portal_worker: it cannot become portal_platform, which it has to. Remedy: manage.py create_roles --run ADMIN_URL.",
        ),
    ],
    ids=["bypasses", "too much", "too little"],
)
def test_a_login_that_could_become_too_much_or_too_little_is_told(spoil, mend, line, admin, cluster):
    """On a server of its own, with a database that was not migrated: what needs tables fails there too, and stops nothing."""
    urls = {name: cluster.dsn(login, DATABASE) for login, name in roles.URL_VARIABLES.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}

    admin.execute(spoil)
    try:
        told = subprocess.run(
            [sys.executable, "manage.py", "doctor"],
            cwd=ROOT,
            env=kept | urls | {"SECRET_KEY": "k" * 64},
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        admin.execute(mend)

    assert line in told.stdout.splitlines()
    assert "FAIL row-security: there are no tables" in told.stdout
    assert told.returncode == 1
    assert "Traceback" not in told.stderr


def test_a_url_that_opens_nothing_or_as_somebody_else_is_told(db, database_env, monkeypatch, ask):
    monkeypatch.setenv("DATABASE_URL", "postgresql://portal_web:hidden-word@127.0.0.1:1/portal")
    monkeypatch.setenv("DATABASE_WORKER_URL", database_env["DATABASE_URL"])
    monkeypatch.setenv("DATABASE_OWNER_URL", database_env["DATABASE_OWNER_URL"])

    refused, another, good = ask("sign-in")

    assert refused.startswith("FAIL sign-in portal_web: refused: ")
    assert "DATABASE_URL" in refused
    assert "hidden-word" not in refused
    assert another == ("FAIL sign-in portal_worker: DATABASE_WORKER_URL signs in as portal_web. Remedy: name portal_worker in it.")
    assert good == "OK sign-in portal_owner: DATABASE_OWNER_URL opens the database."
