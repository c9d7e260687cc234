"""What the web process may change about people and downloads, were somebody to send SQL of their own through it."""

from __future__ import annotations

import psycopg
import pytest

from tenants import roles
from tests.factories import make_file, make_job, make_user

pytestmark = pytest.mark.django_db(transaction=True)
INSERT = """
insert into tenants_user (email, name, password, is_active, is_staff, is_superuser, date_joined)
values ('new@example.com', 'New', 'x', true, {}, {}, now())
"""


@pytest.fixture
def person():
    return make_user(email="person@example.com")


@pytest.mark.parametrize("change", ["is_staff = true", "is_superuser = true", "email = 'thief@example.com'", "is_active = true"])
def test_the_web_login_cannot_raise_or_rename_anybody(change, person, web_login):
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table tenants_user"):
        web_login.execute(f"update tenants_user set {change}")


@pytest.mark.parametrize("change", ["password = 'x'", "name = 'New'", "last_login = now()"])
def test_the_web_login_changes_what_people_change_themselves(change, person, web_login):
    assert web_login.execute(f"update tenants_user set {change} where id = %s", [person.pk]).rowcount == 1


@pytest.mark.parametrize("flags", [("true", "false"), ("false", "true"), ("true", "true")])
def test_the_web_login_makes_no_staff(flags, web_login):
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="violates row-level security policy"):
        web_login.execute(INSERT.format(*flags))


def test_the_web_login_makes_people(web_login):
    assert web_login.execute(INSERT.format("false", "false")).rowcount == 1


def test_the_web_login_removes_nobody(person, web_login):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web_login.execute("delete from tenants_user")


@pytest.mark.parametrize("statement", ["update reports_download set actor = 'nobody'", "delete from reports_download"])
@pytest.mark.parametrize("name", [roles.WEB, roles.WORKER])
def test_a_tenant_cannot_change_the_record_of_downloads(name, statement, acme, daily_calls, login):
    file = make_file(job=make_job(tenant=acme, report=daily_calls, status="completed"))
    connection = login(name)
    connection.execute("select set_config('role', %s, false), set_config('app.tenant_id', %s, false)", [roles.APP, str(acme.pk)])
    written = connection.execute(
        "insert into reports_download (id, tenant_id, file_id, actor, at, user_agent) values (gen_random_uuid(), %s, %s, 'x', now(), '')",
        [acme.pk, file.pk],
    ).rowcount

    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table reports_download"):
        connection.execute(statement)

    assert written == 1
    assert connection.execute("select actor from reports_download").fetchall() == [("x",)]
