"""What the logins may become, and what they may not, on a server of its own: roles belong to a whole server, not to one database."""

from __future__ import annotations

import io

import psycopg
import pytest
from django.core.management import CommandError, call_command

from tenants import roles
from tests.database import own_cluster

DATABASE = "role tests"


@pytest.fixture(scope="module")
def cluster():
    with own_cluster("roles") as cluster:
        yield cluster


@pytest.fixture
def admin(cluster):
    """The superuser, and after the test everything as it should be again."""
    with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as connection:
        cluster.ensure_database(DATABASE)
        yield connection
        cluster.ensure_database(DATABASE)


@pytest.fixture
def connect(cluster, admin):
    opened = []

    def connect(login):
        opened.append(psycopg.connect(cluster.dsn(login, DATABASE), autocommit=True))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def attributes(admin):
    return admin.execute("select rolname, rolcanlogin, rolinherit, rolcreatedb, rolcreaterole from pg_roles order by 1").fetchall()


def memberships(admin):
    query = "select roleid::regrole::text, member::regrole::text, inherit_option, set_option from pg_auth_members order by 1, 2"
    return admin.execute(query).fetchall()


@pytest.mark.parametrize("role", [roles.APP, roles.STAFF])
def test_web_can_work_inside_a_tenant_and_as_staff(connect, role):
    web = connect(roles.WEB)

    web.execute(f"set role {role}")

    assert web.execute("select current_user::text").fetchone() == (role,)


@pytest.mark.parametrize("role", [roles.ENGINE, roles.PLATFORM, roles.OWNER, roles.WORKER, "postgres"])
def test_web_can_become_nothing_that_looks_across_tenants(connect, role):
    web = connect(roles.WEB)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"set role {role}")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("select set_config('role', %s, false)", [role])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute(f"set session authorization {role}")


@pytest.mark.parametrize("role", roles.GROUPS)
def test_the_worker_can_take_every_role(connect, role):
    worker = connect(roles.WORKER)

    worker.execute(f"set role {role}")

    assert worker.execute("select current_user::text").fetchone() == (role,)


@pytest.mark.parametrize("role", [roles.OWNER, roles.WEB, "postgres"])
def test_the_worker_cannot_become_another_login(connect, role):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(roles.WORKER).execute(f"set role {role}")


def test_no_login_and_no_role_is_a_superuser_or_bypasses_row_level_security(admin):
    dangerous = admin.execute("select rolname from pg_roles where (rolsuper or rolbypassrls) and rolname <> 'postgres'").fetchall()

    assert dangerous == []


@pytest.mark.parametrize("login", [roles.WEB, roles.WORKER])
def test_a_login_has_none_of_its_roles_rights_until_it_takes_the_role(connect, login):
    owner, connection = connect(roles.OWNER), connect(login)
    owner.execute("drop table if exists content; create table content as select 1 as row")
    owner.execute(f"grant select on content to {roles.APP}")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("select * from content")
    connection.execute(f"set role {roles.APP}")

    assert connection.execute("select * from content").fetchall() == [(1,)]


@pytest.mark.parametrize("login", [roles.WEB, roles.WORKER])
def test_only_the_owner_makes_tables(connect, login):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(login).execute("create table mine (id int)")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(login).execute("create temporary table mine (id int)")


def test_the_database_belongs_to_the_owner_and_is_closed_to_everybody_else(admin):
    admin.execute("drop role if exists stranger; create role stranger login")
    query = "select datdba::regrole::text, has_database_privilege('stranger', datname, 'connect') from pg_database where datname = %s"
    owner, can_connect = admin.execute(query, [DATABASE]).fetchone()

    assert (owner, can_connect) == (roles.OWNER, False)


def test_a_second_run_changes_nothing(cluster, admin):
    before = attributes(admin), memberships(admin)

    cluster.ensure_database(DATABASE)

    assert (attributes(admin), memberships(admin)) == before


def test_a_membership_granted_by_hand_is_taken_back(cluster, admin, connect):
    admin.execute(f"grant {roles.ENGINE} to {roles.WEB}")

    cluster.ensure_database(DATABASE)

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(roles.WEB).execute(f"set role {roles.ENGINE}")


def test_a_login_that_could_become_the_owner_is_refused(cluster, admin):
    admin.execute(f"grant {roles.OWNER} to {roles.WEB}")

    with pytest.raises(psycopg.errors.RaiseException, match="portal_web can become portal_owner, which it must not"):
        cluster.ensure_database(DATABASE)

    admin.execute(f"revoke {roles.OWNER} from {roles.WEB}")


@pytest.mark.parametrize("attribute", ["superuser", "bypassrls"])
def test_a_login_that_would_see_every_tenant_is_refused(cluster, admin, attribute):
    admin.execute(f"alter role {roles.WORKER} {attribute}")

    with pytest.raises(psycopg.errors.RaiseException, match="portal_worker is SUPERUSER or BYPASSRLS"):
        cluster.ensure_database(DATABASE)

    admin.execute(f"alter role {roles.WORKER} no{attribute}")


def test_only_in_a_test_cluster_the_owner_makes_databases(cluster, admin):
    may = "select rolcreatedb from pg_roles where rolname = %s"
    assert admin.execute(may, [roles.OWNER]).fetchone() == (True,)

    roles.create(cluster.dsn("postgres", "postgres"), DATABASE)

    assert admin.execute(may, [roles.OWNER]).fetchone() == (False,)


def test_an_administrator_of_a_managed_server_who_is_no_superuser_can_make_it_all():
    """On a server where the roles do not exist yet, as on the first day."""
    with own_cluster("managed") as cluster:
        with psycopg.connect(cluster.dsn("postgres", "postgres"), autocommit=True) as admin:
            admin.execute("create role managed_admin createdb createrole")
        managed = cluster.dsn("postgres", "postgres") + "&options=-c%20role%3Dmanaged_admin"

        for _ in range(2):
            roles.create(managed, DATABASE)

        with psycopg.connect(cluster.dsn(roles.OWNER, DATABASE), autocommit=True) as owner:
            owner.execute("create table made (id int)")
        with psycopg.connect(managed) as connection:
            can_use = connection.execute("select pg_has_role('managed_admin', %s, 'usage')", [roles.OWNER]).fetchone()
    assert can_use == (False,)


def test_the_backup_login_reads_every_tenant_and_is_made_only_when_asked_for(cluster, admin):
    look = "select rolbypassrls, rolsuper, pg_has_role(rolname, 'pg_read_all_data', 'usage') from pg_roles where rolname = %s"
    assert admin.execute(look, [roles.BACKUP]).fetchone() is None

    roles.create(cluster.dsn("postgres", "postgres"), DATABASE, backup=True)

    assert admin.execute(look, [roles.BACKUP]).fetchone() == (True, False, True)
    with psycopg.connect(cluster.dsn("postgres", DATABASE)) as inside:
        inside.execute(f"drop owned by {roles.BACKUP}; drop role {roles.BACKUP}")


def test_passwords_arrive_as_scram_verifiers_only(cluster, admin):
    roles.create(cluster.dsn("postgres", "postgres"), DATABASE, {roles.WEB: "it's a s3cret"})

    (stored,) = admin.execute("select rolpassword from pg_authid where rolname = %s", [roles.WEB]).fetchone()
    assert stored.startswith("SCRAM-SHA-256$")


def create_roles(*arguments):
    output = io.StringIO()
    call_command("create_roles", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def no_urls(monkeypatch):
    for variable in roles.URL_VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


def test_create_roles_prints_the_sql_and_how_to_set_passwords(no_urls):
    printed = create_roles("--database", "it's")

    assert 'create role "portal_web" nosuperuser nobypassrls' in printed
    assert '\\connect "it\'s"' in printed
    assert "\\password portal_web" in printed
    assert roles.BACKUP not in printed


def test_create_roles_runs_the_sql_with_the_passwords_of_the_urls(cluster, admin, no_urls, monkeypatch):
    admin.execute(f"alter role {roles.OWNER} password null")
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://portal_owner:s3cret@db.example/made%20by%20command")

    printed = create_roles("--run", cluster.dsn("postgres", "postgres"))

    assert "Roles and database made by command are ready." in printed
    assert "portal_web: password left as it is, because DATABASE_URL holds none." in printed
    assert "s3cret" not in printed
    (stored,) = admin.execute("select rolpassword from pg_authid where rolname = %s", [roles.OWNER]).fetchone()
    assert stored.startswith("SCRAM-SHA-256$")


def test_create_roles_refuses_a_url_with_another_login(no_urls, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres:s3cret@db.example/portal")

    with pytest.raises(CommandError, match="DATABASE_URL signs in as postgres, but this command makes portal_web"):
        create_roles()


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "ADMIN_URL is not a PostgreSQL URL"),
        ("postgresql://admin:s3cr%zz@db.example/", "ADMIN_URL is not a PostgreSQL URL"),
        ("postgresql://admin:s3cret@/postgres?host=/no/such/directory", "Cannot connect as the administrator"),
    ],
)
def test_create_roles_says_what_is_wrong_with_the_administrator_and_keeps_the_password(no_urls, url, sentence):
    with pytest.raises(CommandError, match=sentence) as raised:
        create_roles("--run", url)

    assert "s3cr" not in str(raised.value)


def test_create_roles_says_so_when_the_administrator_has_too_few_rights(cluster, admin, no_urls):
    with pytest.raises(CommandError, match=r"The administrator may not do this: .*CREATEROLE and CREATEDB"):
        create_roles("--run", cluster.dsn(roles.WORKER, DATABASE))
