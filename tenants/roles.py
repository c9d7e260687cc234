"""The logins and roles of the database, and the SQL that makes them. See docs/architecture.md, "Tenancy".

Three logins connect; what they may read depends on the role they take for one transaction (tenants/scope.py). The logins do not inherit
their roles' rights: a query outside a scope is refused. Nothing here knows a table; the migrations grant those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

OWNER = "portal_owner"
WEB = "portal_web"
WORKER = "portal_worker"
BACKUP = "portal_backup"
LOGINS = (OWNER, WEB, WORKER)
URL_VARIABLES = {WEB: "DATABASE_URL", WORKER: "DATABASE_WORKER_URL", OWNER: "DATABASE_OWNER_URL"}

APP = "portal_app"
ENGINE = "portal_engine"
STAFF = "portal_staff"
PLATFORM = "portal_platform"
GROUPS = (APP, ENGINE, STAFF, PLATFORM)

MEMBERSHIPS = {OWNER: (), WEB: (APP, STAFF), WORKER: GROUPS}


@dataclass(frozen=True)
class Statements:
    """SQL that may be run again and again: `server` in any database, `create_database` if it is missing, `inside` connected to it."""

    server: list[str]
    create_database: str
    inside: list[str]


def statements(database: str, passwords: dict[str, str] | None = None, *, createdb: bool = False, backup: bool = False) -> Statements:
    """`passwords` by login, plain or as SCRAM verifiers; `createdb` lets the owner make databases, which only tests need."""
    server = [_role(group, "nologin") for group in GROUPS]
    server += [_role(login, "login noinherit") for login in (WEB, WORKER)]
    server += [_role(OWNER, "login createdb" if createdb else "login nocreatedb")]
    server += _backup_login() if backup else []
    server += [_member(login, group) if group in MEMBERSHIPS[login] else _no_member(login, group) for login in LOGINS for group in GROUPS]
    server += [
        _sql("alter role {login} password {password}", login=login, password=sql.Literal(password))
        for login, password in (passwords or {}).items()
    ]
    server += [_refuse_dangerous_roles(), _lend_owner()]
    return Statements(server, _sql("create database {db} owner {owner}", db=database, owner=OWNER), _inside(database, backup))


def create(admin: str, database: str, passwords: dict[str, str] | None = None, *, createdb: bool = False, backup: bool = False) -> None:
    """Run the statements as the administrator whom the connection string `admin` names. Raises psycopg.Error."""
    with psycopg.connect(admin, autocommit=True) as connection:
        todo = statements(database, _verifiers(connection, passwords or {}), createdb=createdb, backup=backup)
        _execute(connection, todo.server)
        if not connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone():
            _execute(connection, [todo.create_database])
    with psycopg.connect(admin, dbname=database, autocommit=True) as connection:
        _execute(connection, todo.inside)


def _execute(connection: psycopg.Connection, todo: list[str]) -> None:
    """All or nothing: the server runs statements that are sent together as one transaction."""
    connection.execute(";\n".join(todo).encode())


def _verifiers(connection: psycopg.Connection, passwords: dict[str, str]) -> dict[str, str]:
    """Hashed on this side, so that no password reaches the server or its log."""
    encrypt = connection.pgconn.encrypt_password
    return {login: encrypt(word.encode(), login.encode(), b"scram-sha-256").decode() for login, word in passwords.items()}


def _role(name: str, attributes: str) -> str:
    """SUPERUSER and BYPASSRLS are not altered: managed services refuse to name them. `_refuse_dangerous_roles` looks at them instead."""
    return _sql(
        "do $$ begin\n"
        "  if not exists (select from pg_roles where rolname = {text}) then create role {name} nosuperuser nobypassrls; end if;\n"
        "  alter role {name} {attributes} nocreaterole;\n"
        "end $$",
        name=name,
        text=sql.Literal(name),
        attributes=sql.SQL(attributes),
    )


def _backup_login() -> list[str]:
    """Reads every tenant's rows, whatever the policies say, and writes nothing: for pg_dump alone."""
    made = (
        "do $$ begin\n"
        "  if not exists (select from pg_roles where rolname = {text}) then create role {name} login bypassrls; end if;\n"
        "end $$"
    )
    return [
        _sql(made, name=BACKUP, text=sql.Literal(BACKUP)),
        _sql("grant pg_read_all_data to {name}", name=BACKUP),
        _sql("alter role {name} set default_transaction_read_only = on", name=BACKUP),
    ]


def _member(login: str, group: str) -> str:
    """May take the role, does not have its rights. PostgreSQL 15 reads that from the login's NOINHERIT, 16 from the grant."""
    return _sql(
        "do $$ begin\n"
        "  if current_setting('server_version_num')::int >= 160000\n"
        "  then execute 'grant {group} to {login} with inherit false, set true';\n"
        "  else execute 'grant {group} to {login}'; end if;\n"
        "end $$",
        group=group,
        login=login,
    )


def _no_member(login: str, group: str) -> str:
    """Takes back what somebody may have granted by hand; without the question PostgreSQL warns each time."""
    return _sql(
        "do $$ begin\n  if pg_has_role({text}, {group_text}, 'member') then revoke {group} from {login}; end if;\nend $$",
        text=sql.Literal(login),
        group_text=sql.Literal(group),
        group=group,
        login=login,
    )


def _refuse_dangerous_roles() -> str:
    forbidden = [(login, group) for login in LOGINS for group in (*GROUPS, OWNER) if group not in (*MEMBERSHIPS[login], login)]
    return _sql(
        "do $$ declare found text; begin\n"
        "  select rolname into found from pg_roles where rolname in ({names}) and (rolsuper or rolbypassrls);\n"
        "  if found is not null then\n"
        "    raise exception 'Role % is SUPERUSER or BYPASSRLS: it would see every tenant. Take that away, then run this again.', found;\n"
        "  end if;\n"
        "  select login || ' can become ' || role into found from (values {forbidden}) as pair (login, role)\n"
        "    where pg_has_role(login, role, 'member');\n"
        "  if found is not null then\n"
        "    raise exception '%, which it must not. Take that membership away, then run this again.', found;\n"
        "  end if;\n"
        "end $$",
        names=_list(sql.Literal(name) for name in (*LOGINS, *GROUPS)),
        forbidden=_list(sql.SQL("({}, {})").format(sql.Literal(login), sql.Literal(role)) for login, role in forbidden),
    )


def _lend_owner() -> str:
    """An administrator who is no superuser can give a database only to a role it belongs to. `_return_owner` ends the loan."""
    return _sql(
        "do $$ begin\n"
        "  if not (select rolsuper from pg_roles where rolname = current_user) then\n"
        "    execute format('grant {owner} to %I', current_user);\n"
        "  end if;\n"
        "end $$",
        owner=OWNER,
    )


def _return_owner() -> str:
    return _sql(
        "do $$ begin\n"
        "  if not (select rolsuper from pg_roles where rolname = current_user) then\n"
        "    execute format('revoke {owner} from %I', current_user);\n"
        "  end if;\n"
        "end $$",
        owner=OWNER,
    )


def _inside(database: str, backup: bool) -> list[str]:
    """Only our logins connect, and only the owner makes tables. Databases older than PostgreSQL 15 let everyone do both."""
    connecting = _list(map(sql.Identifier, (WEB, WORKER, BACKUP) if backup else (WEB, WORKER)))
    using = _list(map(sql.Identifier, (WEB, WORKER, *GROUPS)))
    return [
        _sql("alter database {db} owner to {owner}", db=database, owner=OWNER),
        _sql("revoke all on database {db} from public", db=database),
        _sql("grant connect on database {db} to {logins}", db=database, logins=connecting),
        "revoke all on schema public from public",
        _sql("grant usage on schema public to {roles}", roles=using),
        _return_owner(),
    ]


def _sql(template: str, **names: str | sql.Composable) -> str:
    """A plain string is the name of something and is quoted as such."""
    parts = {key: sql.Identifier(name) if isinstance(name, str) else name for key, name in names.items()}
    return sql.SQL(template).format(**parts).as_string()


def _list(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join(parts)
