"""Prints the SQL that makes the logins, the roles and the database of a production server, or runs it."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

import psycopg
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tenants import roles

DEFAULT_DATABASE = "portal"

HEAD = """\
-- Run as an administrator of the server (a superuser, or a role with CREATEROLE and CREATEDB), with psql.
-- It may be run again at any time: it changes only what differs.
\\set ON_ERROR_STOP on
"""
PASSWORDS = """
-- Then give each login a password. psql asks for it and sends only its hash:
{lines}
-- Or let --run take the passwords from {variables}.
"""


CREATE_IF_MISSING = sql.SQL("select {command} where not exists (select from pg_database where datname = {name}) \\gexec\n")


class Command(BaseCommand):
    help = "Print the SQL that makes the portal's logins, roles and database; with --run, run it."
    # The database this command makes need not exist yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--run",
            metavar="ADMIN_URL",
            help="run it, connected as this administrator; the logins get the passwords of " + ", ".join(roles.URL_VARIABLES.values()),
        )
        parser.add_argument("--database", help=f"name of the database (default: the one in DATABASE_OWNER_URL, else {DEFAULT_DATABASE})")
        parser.add_argument("--backup", action="store_true", help=f"also make {roles.BACKUP}, which reads all tenants for backups")

    def handle(self, *args: Any, run: str | None, database: str | None, backup: bool, **options: Any) -> None:
        configured = _configured_logins()
        name = database or configured.get(roles.OWNER, {}).get("dbname") or DEFAULT_DATABASE
        if run is None:
            self.stdout.write(_script(name, backup=backup))
            return
        passwords = {login: url["password"] for login, url in configured.items() if "password" in url}
        _run(run, name, passwords, backup=backup)
        self.stdout.write(_("Roles and database %(database)s are ready.") % {"database": name})
        for login in roles.LOGINS:
            if login not in passwords:
                self.stdout.write(
                    _("%(login)s: password left as it is, because %(variable)s holds none.")
                    % {"login": login, "variable": roles.URL_VARIABLES[login]}
                )


def _configured_logins() -> dict[str, dict[str, Any]]:
    """The parts of each URL that is set, by the login it must name."""
    found = {}
    for login, variable in roles.URL_VARIABLES.items():
        if url := os.environ.get(variable):
            found[login] = _parse(variable, url)
            if (user := found[login].get("user")) != login:
                raise CommandError(
                    _("%(variable)s signs in as %(user)s, but this command makes %(login)s. Put %(login)s into the URL.")
                    % {"variable": variable, "user": user, "login": login}
                )
    return found


def _parse(what: str, url: str) -> dict[str, Any]:
    try:
        return conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The parser's own sentence repeats the URL, and with it the password.
        raise CommandError(_("%(what)s is not a PostgreSQL URL.") % {"what": what}) from None


def _script(database: str, *, backup: bool) -> str:
    todo = roles.statements(database, backup=backup)
    logins = [*roles.LOGINS, *([roles.BACKUP] if backup else [])]
    create_if_missing = CREATE_IF_MISSING.format(command=sql.Literal(todo.create_database), name=sql.Literal(database)).as_string()
    return "".join(
        [
            HEAD,
            *(f"{statement};\n" for statement in todo.server),
            create_if_missing,
            f"\\connect {sql.Identifier(database).as_string()}\n",
            *(f"{statement};\n" for statement in todo.inside),
            PASSWORDS.format(
                lines="\n".join(f"--   \\password {login}" for login in logins), variables=", ".join(roles.URL_VARIABLES.values())
            ),
        ]
    )


def _run(admin: str, database: str, passwords: dict[str, str], *, backup: bool) -> None:
    administrator = {"dbname": "postgres", "connect_timeout": "10"} | _parse("ADMIN_URL", admin)
    try:
        roles.create(make_conninfo(**administrator), database, passwords, backup=backup)
    except psycopg.OperationalError as error:
        raise CommandError(_("Cannot connect as the administrator: %(reason)s") % {"reason": error}) from None
    except psycopg.errors.InsufficientPrivilege as error:
        raise CommandError(
            _("The administrator may not do this: %(reason)s. A superuser may; without --backup also a role with CREATEROLE and CREATEDB.")
            % {"reason": error.diag.message_primary}
        ) from None
    except psycopg.Error as error:
        raise CommandError(_("The server refused: %(reason)s") % {"reason": error.diag.message_primary or error}) from None
