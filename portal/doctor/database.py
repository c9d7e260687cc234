"""The database: whether it answers, has all tables, and holds tenants apart."""

from __future__ import annotations

from django.db import connection

from portal.checks import login_faults
from portal.doctor.finding import Findings, fail, ok
from portal.schema import missing_migrations

# Tables of the tenants' rows and, by their policies, all others that are meant to be behind row-level security.
ROW_SECURITY = """
select c.relname, c.relrowsecurity, c.relforcerowsecurity, exists (select from pg_policy p where p.polrelid = c.oid)
  from pg_class c
 where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace and c.relname <> all (%s)
   and (exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
        or exists (select from pg_policy p where p.polrelid = c.oid))
 order by c.relname
"""
# Leads to a tenant before one is known; holds a code and an id.
OPEN = ["tenants_tenantcode"]


def answers() -> Findings:
    with connection.cursor() as cursor:
        cursor.execute("select session_user, current_setting('server_version')")
        login, version = cursor.fetchone()
    faults = login_faults(connection)
    if faults:
        yield fail(" ".join(faults).rstrip("."), "give DATABASE_WORKER_URL the login portal_worker")
    else:
        yield ok(f"PostgreSQL {version} answers {login}")


def migrations() -> Findings:
    missing = sorted(missing_migrations())
    if missing:
        names = ", ".join(".".join(migration) for migration in missing)
        yield fail(f"{len(missing)} not applied: {names}", "manage.py migrate, with DATABASE_OWNER_URL")
    else:
        yield ok("all applied")


def row_security() -> Findings:
    with connection.cursor() as cursor:
        cursor.execute(ROW_SECURITY, [OPEN])
        tables = cursor.fetchall()
    faulty = False
    for table, enabled, forced, has_policies in tables:
        for what, right in {"is off": enabled, "is not forced": forced, "has no policy": has_policies}.items():
            if not right:
                faulty = True
                yield fail(
                    f"row-level security {what}",
                    "stop web and worker; find out who changed the table, and have the owner bring back what the migrations say",
                    of=table,
                )
    if not tables:
        yield fail("there are no tables", "manage.py migrate, with DATABASE_OWNER_URL")
    elif not faulty:
        yield ok(f"on and forced, with policies, for {len(tables)} tables")
