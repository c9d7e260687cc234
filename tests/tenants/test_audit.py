"""Audit rows: written once, by whoever acts, and never changed by anybody."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connections, transaction
from django.test import RequestFactory

from tenants import roles
from tenants.audit import Actor, client_ip, record
from tenants.models import AuditEvent
from tenants.scope import platform_scope, staff_scope, tenant_scope
from tests import factories
from tests.tenants.rows import sql

ACTOR = Actor("alice@acme.example")
INSERT = "insert into tenants_auditevent (id, at, tenant_id, actor, impersonator, action, object_type, object_id, request_id)"
VALUES = "values (gen_random_uuid(), now(), {}, 'x', '', 'x', '', '', '')"


@pytest.mark.parametrize("statement", ["update tenants_auditevent set actor = 'nobody'", "delete from tenants_auditevent"])
def test_a_tenant_cannot_change_its_audit_rows(statement, acme, now):
    with tenant_scope(acme):
        record(ACTOR, "link.created", now=now, tenant=acme)

        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            sql(statement)
        assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize(
    "statement",
    ["update tenants_auditevent set actor = 'nobody'", "delete from tenants_auditevent", "truncate tenants_auditevent cascade"],
)
def test_not_even_the_owner_of_the_table_changes_audit_rows(statement, login):
    with login(roles.OWNER) as owner, owner.transaction(force_rollback=True):
        owner.execute("alter table tenants_auditevent no force row level security")
        # Off in the test database alone, see tests/database.py.
        owner.execute("alter table tenants_auditevent enable trigger audit_table_stays")
        owner.execute(f"{INSERT} {VALUES.format('null')}")
        owner.execute("set constraints all immediate")

        with pytest.raises(psycopg.errors.RaiseException, match="append-only"), owner.transaction():
            owner.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_an_audit_row_is_not_written_when_the_act_fails(acme, now):
    def act() -> None:
        with tenant_scope(acme):
            record(ACTOR, "link.created", now=now, tenant=acme)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()

    with tenant_scope(acme):
        assert not AuditEvent.objects.exists()


def test_rows_about_no_tenant_are_written_from_outside_and_read_by_staff_alone(acme, now):
    with transaction.atomic():
        record(ACTOR, "sign_in.failed", now=now, tenant=None)
    with platform_scope():
        record(ACTOR, "catalogue.applied", now=now, tenant=None)

    with staff_scope(factories.make_user(is_staff=True)):
        assert set(AuditEvent.objects.values_list("action", flat=True)) == {"sign_in.failed", "catalogue.applied"}
    with tenant_scope(acme):
        assert not AuditEvent.objects.exists()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AuditEvent.objects.count()


def test_staff_do_not_read_a_tenants_audit_rows_across_tenants(acme, now):
    with tenant_scope(acme):
        record(ACTOR, "link.created", now=now, tenant=acme)

    with staff_scope(factories.make_user(is_staff=True)):
        assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("scope", [transaction.atomic, platform_scope])
def test_a_row_about_a_tenant_is_written_inside_that_tenant_alone(scope, acme, now):
    with pytest.raises(DatabaseError, match="row-level security"), scope():
        record(ACTOR, "link.created", now=now, tenant=acme)


def test_inside_a_tenant_no_row_about_no_tenant_is_written(acme, now):
    with tenant_scope(acme), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        record(ACTOR, "sign_in.failed", now=now, tenant=None)


def test_the_web_login_writes_down_a_failed_sign_in(web_login):
    with web_login.transaction(force_rollback=True):
        written = web_login.execute(f"{INSERT} {VALUES.format('null')}").rowcount

    assert written == 1
    assert connections["default"].settings_dict["USER"] != roles.WEB


@pytest.mark.parametrize(
    ("hops", "told", "address"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.66, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.66, 203.0.113.9", "198.51.100.66"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, f"2001:db8::1%{'x' * 5000}", "2001:db8::1"),
        (1, "fe80::1%%25", "fe80::1"),
        (1, "unknown", None),
        (1, "203.0.113.9:4711", None),
        (1, "", None),
    ],
)
def test_the_address_is_the_one_that_the_outermost_trusted_proxy_tells(hops, told, address, settings):
    settings.TRUSTED_PROXY_HOPS = hops
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": told})

    assert client_ip(request) == address
