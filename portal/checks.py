"""What refuses to start: a process that serves with a database login that row-level security does not hold, or on an older schema."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from portal.schema import refuse_older_schema
from tenants import roles

logger = logging.getLogger(__name__)
HINT = "Use the logins portal_web and portal_worker; `manage.py create_roles` makes them."
# session_user, not current_user: a role set in the connection's options would hide who really connected.
LOGIN_FACTS = """
select r.rolname, r.rolsuper, r.rolbypassrls,
       exists (select 1 from pg_class c where c.relname = 'tenants_tenant' and pg_get_userbyid(c.relowner) = r.rolname),
       exists (select 1 from pg_roles e where e.rolname = any(%s) and pg_has_role(session_user, e.oid, 'member'))
from pg_roles r where r.rolname = session_user
"""


def login_faults(database: BaseDatabaseWrapper) -> list[str]:
    """Why this connection may see rows of every tenant; empty for the logins that `create_roles` makes."""
    with database.cursor() as cursor:
        cursor.execute(LOGIN_FACTS, [[roles.ENGINE, roles.PLATFORM, roles.OWNER]])
        name, is_superuser, bypasses, owns, sees_the_queue = cursor.fetchone()
    facts = {
        "is a superuser": is_superuser,
        "may bypass row-level security": bypasses,
        "owns the tables": owns,
        f"may become {roles.ENGINE}, which only the worker's may": sees_the_queue and settings.DATABASE_LOGIN == roles.WEB,
    }
    return [f"The database login {name} {what}: it could see every tenant's rows." for what, true in facts.items() if true]


def check_database_login(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """For `manage.py check --database default`."""
    if not databases or settings.DATABASE_LOGIN == roles.OWNER:
        return []
    return [Error(fault, hint=HINT, id="portal.E001") for fault in login_faults(connection)]


def refuse_unsafe_login(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    """On every new connection, so that neither a restart nor a changed URL gets around it. Costs one query a connection."""
    faults = login_faults(connection)
    if faults:
        connection.close()
        raise ImproperlyConfigured(f"{faults[0]} {HINT}")


def refuse_unsafe_start() -> None:
    """For web processes: connects once. A login that sees too much, or a schema too old, stops the start instead of each request."""
    try:
        connection.ensure_connection()
        refuse_older_schema()
    except OperationalError:
        # /readyz says so; each connection made later is checked as well.
        logger.warning("the database does not answer yet; its login is checked when it does, its schema by /readyz")
    finally:
        connection.close()
