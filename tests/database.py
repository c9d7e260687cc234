"""A database for each run of the suite, copied from a migrated template and dropped at the end.

The template is made by the real `manage.py migrate` as the owner, and made again when a migration changes. Runs at the same time do not
meet: each has its own copy. What differs from production is written in `ALLOW_FLUSH`, and nowhere else.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from portal.database import DATABASE, embedded_cluster, urls
from portal.local.postgres import Cluster
from portal.local.postgres_files import Account, installed
from tenants import roles

PREFIX = "portal_test_"
TEMPLATE_PREFIX = "portal_template_"
# Advisory locks live in the maintenance database: one for the templates, one per run under the number in its database's name.
TEMPLATE_LOCK = 1
# A transactional test empties all tables at its end, as the login it ran as. Production grants neither.
ALLOW_FLUSH = f"""
grant truncate on all tables in schema public to {roles.WORKER};
alter table tenants_auditevent disable trigger audit_table_stays
"""


def addresses(database: str | None = None) -> dict[str, str]:
    """The three DATABASE_… variables for one database of the server the tests use; by default for the one it was set up with."""
    if is_embedded():
        return urls(embedded_cluster(), database or DATABASE)
    given = {variable: os.environ[variable] for variable in roles.URL_VARIABLES.values()}
    return given if database is None else {variable: _renamed(url, database) for variable, url in given.items()}


def environment(database: str) -> dict[str, str]:
    """For processes that a test starts: they see the test database, as the login that is theirs."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return inherited | addresses(database) | {"SECRET_KEY": settings.SECRET_KEY}


def backup(database: str, file: Path) -> None:
    """By pg_dump, past row-level security, as the backup login does it."""
    _program("pg_dump", "--format=custom", f"--file={file}", "--dbname", embedded_cluster().dsn("postgres", database))


def as_text(file: Path) -> str:
    """All that a backup holds, table by table, as SQL."""
    text = file.with_suffix(".sql")
    _program("pg_restore", f"--file={text}", str(file))
    return text.read_text()


@contextmanager
def restored_database(file: Path, *, tablespace: str = "pg_default") -> Iterator[str]:
    """Yields the name of a new database with what the backup holds."""
    number = secrets.randbelow(2**31)
    name = f"{PREFIX}{number}"
    with _as_owner() as owner:
        owner.execute("select pg_advisory_lock(%s)", [number])
        with _as_administrator() as administrator:
            # Only an administrator, or who was granted it, may choose where it lies.
            administrator.execute(_named("create database {} owner {} tablespace {}", name, roles.OWNER, tablespace))
        _program("pg_restore", "--exit-on-error", "--dbname", embedded_cluster().dsn("postgres", name), str(file))
        with _as_owner(name) as inside:
            for statement in roles.statements(name).inside[:-1]:
                inside.execute(statement.encode())
        try:
            yield name
        finally:
            owner.execute(_named("drop database {}", name))


def _program(name: str, *arguments: str) -> None:
    if not is_embedded():
        pytest.skip("a backup past row-level security needs the embedded PostgreSQL's administrator")
    done = subprocess.run([str(installed() / "bin" / name), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"{name} failed:\n{done.stdout}{done.stderr}"


@contextmanager
def tablespace(folder: Path) -> Iterator[str]:
    """Yields its name: for a database whose files lie there. The folder is given to the server's own user."""
    name = f"small_{secrets.token_hex(4)}"
    made = folder / "tablespace"
    made.mkdir(mode=0o700)
    user = Account.current().runs_as
    os.chown(made, user.pw_uid, user.pw_gid)
    with _as_administrator() as administrator:
        administrator.execute(sql.SQL("create tablespace {} location {}").format(sql.Identifier(name), sql.Literal(str(made))))
        try:
            yield name
        finally:
            administrator.execute(_named("drop tablespace {}", name))


@contextmanager
def own_cluster(name: str) -> Iterator[Cluster]:
    """A server for one test: what it does to roles, or to the whole of it, nobody else meets."""
    state = Path(tempfile.mkdtemp(prefix="portal-own-"))
    state.chmod(0o755)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PORTAL_STATE_DIR", str(state))
            with Cluster(name, fast=True) as cluster:
                yield cluster
    finally:
        shutil.rmtree(state)


def is_embedded() -> bool:
    return not any(os.environ.get(variable) for variable in roles.URL_VARIABLES.values())


@contextmanager
def fresh_database(mutation: str = "") -> Iterator[str]:
    """Yields the name of a migrated, empty database. `mutation` is SQL that spoils it, see tests/mutate.py."""
    number = secrets.randbelow(2**31)
    name = f"{PREFIX}{number}"
    with _as_owner() as owner:
        owner.execute("select pg_advisory_lock(%s)", [number])
        owner.execute("select pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        template = _template(owner)
        owner.execute(_named("create database {} template {} strategy file_copy", name, template))
        owner.execute("select pg_advisory_unlock(%s)", [TEMPLATE_LOCK])
        with _as_owner(name) as inside:
            # Who may connect is not copied with a database. The last statement returns what only an administrator borrows.
            for statement in [*roles.statements(name).inside[:-1], mutation]:
                inside.execute(statement.encode())
        try:
            yield name
        finally:
            # Waits some seconds for sessions that are on their way out; whatever stays then is a process that a test left behind.
            owner.execute(_named("drop database {}", name))


def _template(owner: psycopg.Connection) -> str:
    name = TEMPLATE_PREFIX + _fingerprint()
    existing = [row[0] for row in owner.execute("select datname from pg_database where datname like 'portal\\_te%'")]
    for database in existing:
        if (database.startswith(TEMPLATE_PREFIX) and database != name) or _is_abandoned(owner, database):
            owner.execute(_named("drop database {}", database))
    if name not in existing:
        # Renamed when complete: a run that is killed half-way leaves no half-made template behind.
        making = f"{name}_making"
        owner.execute(_named("create database {}", making))
        _migrate(making)
        with _as_owner(making) as inside:
            inside.execute(ALLOW_FLUSH)
        owner.execute(_named("alter database {} rename to {}", making, name))
    return name


def _is_abandoned(owner: psycopg.Connection, database: str) -> bool:
    """Its run was killed: the server let go of the lock, but nobody dropped the database."""
    number = database.removeprefix(PREFIX)
    if not number.isdecimal() or not owner.execute("select pg_try_advisory_lock(%s)", [int(number)]).fetchone()[0]:
        return False
    owner.execute("select pg_advisory_unlock(%s)", [int(number)])
    return True


def _migrate(database: str) -> None:
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment(database), capture_output=True, text=True)
    assert done.returncode == 0, f"migrate failed:\n{done.stdout}{done.stderr}"


def _fingerprint() -> str:
    """Changes when a migration, or what the migrations are written with, changes."""
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations.values()
    paths = {Path(sys.modules[type(migration).__module__].__file__) for migration in migrations}
    paths |= {settings.BASE_DIR / "tenants" / name for name in ("rls.py", "roles.py")} | {Path(__file__)}
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: (path.name, path.parent.parent.name)):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def _as_owner(database: str | None = None) -> Iterator[psycopg.Connection]:
    with psycopg.connect(addresses(database)["DATABASE_OWNER_URL"], autocommit=True) as connection:
        yield connection


@contextmanager
def _as_administrator() -> Iterator[psycopg.Connection]:
    with psycopg.connect(embedded_cluster().dsn("postgres", "postgres"), autocommit=True) as connection:
        yield connection


def _named(template: str, *names: str) -> sql.Composed:
    return sql.SQL(template).format(*map(sql.Identifier, names))


def _renamed(url: str, database: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))
