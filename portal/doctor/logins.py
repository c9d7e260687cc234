"""The three database logins: what each of them could become, and whether those that are configured here can sign in."""

from __future__ import annotations

import psycopg
from django.db import connection

from portal.database import NETWORK, configured_urls
from portal.doctor.finding import Finding, Findings, fail, ok
from tenants import roles

MAKE_THEM = "manage.py create_roles --run ADMIN_URL"
LOGINS = """
select r.rolname, r.rolsuper, r.rolbypassrls,
       array(select g.rolname::text from pg_roles g where g.rolname = any(%(roles)s) and g.oid <> r.oid
              and pg_has_role(r.oid, g.oid, 'member') order by 1)
  from pg_roles r where r.rolname = any(%(logins)s)
"""


def roles_are_apart() -> Findings:
    with connection.cursor() as cursor:
        cursor.execute(LOGINS, {"roles": [*roles.GROUPS, roles.OWNER], "logins": list(roles.LOGINS)})
        found = {name: facts for name, *facts in cursor.fetchall()}
    for login in roles.LOGINS:
        yield _judge(login, *found[login]) if login in found else fail("there is no such role", MAKE_THEM, of=login)


def _judge(login: str, is_superuser: bool, bypasses: bool, member_of: list[str]) -> Finding:
    allowed = set(roles.MEMBERSHIPS[login])
    if is_superuser or bypasses:
        return fail("it sees every tenant's rows, whatever the policies say", f"alter role {login} nosuperuser nobypassrls", of=login)
    if too_many := set(member_of) - allowed:
        return fail(f"it may become {_list(too_many)}, which it must not", MAKE_THEM, of=login)
    if missing := allowed - set(member_of):
        return fail(f"it cannot become {_list(missing)}, which it has to", MAKE_THEM, of=login)
    return ok(f"held by row-level security; may become {_list(allowed) or 'nobody'}", of=login)


def sign_in() -> Findings:
    """With each URL that this process was given. Not with the others: each host knows its own logins only."""
    for login, url in configured_urls().items():
        variable = roles.URL_VARIABLES[login]
        try:
            with psycopg.connect(url, connect_timeout=int(NETWORK["connect_timeout"])) as other:
                user = other.execute("select session_user::text").fetchone()
        except psycopg.Error as error:
            yield fail(
                f"refused: {(str(error).splitlines() or ['?'])[-1]}", f"the address and password in {variable}; or {MAKE_THEM}", of=login
            )
            continue
        if user == (login,):
            yield ok(f"{variable} opens the database", of=login)
        else:
            yield fail(f"{variable} signs in as {user and user[0]}", f"name {login} in it", of=login)


def _list(names: set[str]) -> str:
    return ", ".join(sorted(names))
