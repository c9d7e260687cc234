"""Which database, and as whom: settings.DATABASES["default"] from the environment, or from the embedded PostgreSQL.

Least rights by default: a process that is not known to need more connects as the web login.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from tenants import roles

if TYPE_CHECKING:
    from portal.local.postgres import Cluster

DATABASE = "portal"
PURPOSES = {
    roles.WEB: "web processes",
    roles.WORKER: "the worker, apply, doctor and other commands",
    roles.OWNER: "migrate and create_roles",
}
OWNER_COMMANDS = {
    "createcachetable", "create_roles", "flush", "makemigrations", "migrate", "optimizemigration", "showmigrations", "sqlflush",
    "sqlmigrate", "sqlsequencereset", "squashmigrations",
}  # fmt: skip
WEB_COMMANDS = {"runserver"}

# A forgotten transaction or a slow query must not hold others up. The owner is free of it: a migration may take its time.
# And a host that vanished must not keep the lock of its pump or stand for the two hours that the server's own keepalives take.
LIMITS = (
    "-c statement_timeout=15000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"
    " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3"
)
# How long a server that is gone may keep a process waiting: for a connection, and for answers over one whose packets nobody takes.
# A server that takes them and stays silent is beyond that; libpq has no limit for it.
NETWORK = {
    "connect_timeout": "5",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
ADDRESS = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}


def login_for(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """The login of the process that was started with these arguments."""
    program = Path(argv[0] if argv else "")
    if program.name in ("manage.py", "django-admin") or program.parts[-2:] == ("django", "__main__.py"):
        command = argv[1] if len(argv) > 1 else ""
        return roles.OWNER if command in OWNER_COMMANDS else roles.WEB if command in WEB_COMMANDS else roles.WORKER
    return roles.WORKER if _testing(environ) else roles.WEB


def databases(login: str) -> dict[str, Any]:
    """settings.DATABASES["default"] for one of the three logins. Raises ImproperlyConfigured, never with a password in it."""
    name = roles.URL_VARIABLES[login]
    configured = any(os.environ.get(variable) for variable in roles.URL_VARIABLES.values())
    url = os.environ.get(name) if configured else urls(embedded_cluster())[name]
    if not url:
        raise ImproperlyConfigured(
            f"{name} is not set. It holds the database login {login}, which {PURPOSES[login]} use: "
            f"postgresql://{login}:<password>@<host>:5432/<database>. `manage.py create_roles` prints the SQL that makes it."
        )
    return _settings(_parse(name, url), limited=login != roles.OWNER)


def configured_urls() -> dict[str, str]:
    """By login, those that this process was given; with none, all three of the embedded PostgreSQL."""
    given = {login: os.environ.get(name) for login, name in roles.URL_VARIABLES.items()}
    known = {login: url for login, url in given.items() if url}
    return known or {login: urls(embedded_cluster())[name] for login, name in roles.URL_VARIABLES.items()}


def urls(cluster: Cluster, database: str = DATABASE) -> dict[str, str]:
    """The environment that points a process at one database of an embedded cluster."""
    return {variable: cluster.dsn(login, database) for login, variable in roles.URL_VARIABLES.items()}


@cache
def embedded_cluster() -> Cluster:
    """This process's hold on the embedded PostgreSQL: its own one under pytest, so that tests never meet the data of the demo."""
    from portal.local import LocalPostgresError

    testing = _testing(os.environ)
    try:
        from portal.local.postgres import Cluster

        cluster = Cluster("test" if testing else "dev", fast=testing).acquire()
    except LocalPostgresError as error:
        raise ImproperlyConfigured(str(error)) from error
    cluster.ensure_database(DATABASE)
    return cluster


def _testing(environ: Mapping[str, str]) -> bool:
    return "PYTEST_VERSION" in environ or "pytest" in sys.modules


def _settings(parts: dict[str, str], *, limited: bool) -> dict[str, Any]:
    """What is left of the parts after the address are libpq parameters; an option of the URL wins over ours, because it comes last."""
    address = {setting: parts.pop(key, "") for setting, key in ADDRESS.items()}
    options = " ".join(filter(None, [LIMITS if limited else "", parts.pop("options", "")]))
    return {
        "ENGINE": "django.db.backends.postgresql",
        **address,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": NETWORK | parts | ({"options": options} if options else {}),
    }


def _parse(name: str, url: str) -> dict[str, str]:
    """By libpq's own parser: percent-encoding, `?host=/directory` and every parameter mean here what they mean to psql."""
    shape = f"{name} is not a PostgreSQL URL: expected postgresql://user:password@host:5432/database, special characters percent-encoded."
    if not url.startswith(("postgresql://", "postgres://")):
        raise ImproperlyConfigured(shape)
    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(url).items()}
    except ProgrammingError:
        # libpq's sentence repeats the URL, and with it the password.
        raise ImproperlyConfigured(shape) from None
    for key, what in (("user", "user"), ("dbname", "database")):
        if not parts.get(key):
            raise ImproperlyConfigured(f"{name} names no {what}: expected postgresql://user:password@host:5432/database.")
    if not all(port.isdecimal() for port in parts.get("port", "5432").split(",")):
        raise ImproperlyConfigured(f"{name} has a port that is not a number.")
    return parts
