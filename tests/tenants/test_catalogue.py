"""The database's own catalogue against what we mean: no table, key, grant or login that nobody thought about."""

from __future__ import annotations

import json
import uuid

import psycopg
import pytest
from django.db import IntegrityError, transaction

from tenants import roles
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests import factories
from tests.tenants.rows import TENANT_TABLES, sql

# Tables that row-level security does not hold, and why no row of theirs belongs to a tenant.
WITHOUT_ROW_SECURITY = {
    "tenants_tenantcode": "leads to a tenant before one is known; holds a code and an id",
    "reports_account": "the platform's; tenants read five columns",
    "reports_slot": "the engine's; a job's id and nothing of it",
    "reports_requestbudget": "the engine's",
    "reports_pump": "the engine's",
    "reports_heartbeat": "the engine's",
    "reports_installation": "one row about the database itself",
    "reports_process": "the worker's; names of hosts and of tasks",
    "reports_laneclock": "the engine's; a number for each lane",
    "reports_pace": "seconds of a report, of all tenants together",
    "reports_plannedload": "numbers of jobs and seconds, of all tenants together",
    "reports_capacitysample": "numbers of an account's jobs and slots, of all tenants together",
    "reports_figures": "numbers by account, of all tenants together",
    "reports_tally": "numbers by account, of all tenants together",
    "reports_servicepart": "how the service is, without a name of anybody's",
    "reports_serviceday": "how the service was on a day, without a name of anybody's",
    "reports_servicespell": "causes of trouble and their times, without a name of anybody's",
    "reports_servicenote": "what staff say to everybody",
    "reports_mailbudget": "a sender's address and a time",
    "reports_alarm": "what the platform's people are told, without a tenant's content",
    "reports_alarmmessage": "addresses of the platform's people",
    "django_migrations": "Django's",
    "django_content_type": "Django's",
    "auth_permission": "Django's",
    "auth_group": "Django's",
    "auth_group_permissions": "Django's",
    "tenants_user_groups": "Django's; no role is granted more than to read it",
    "tenants_user_user_permissions": "Django's; no role is granted more than to read it",
    "django_session": "read before a tenant is known, by an unguessable key",
    "account_emailaddress": "sign-in, before a tenant is known",
    "account_emailconfirmation": "sign-in, before a tenant is known",
    "mfa_authenticator": "a person's second step, before a tenant is known; what is secret in it is encrypted",
    "usersessions_usersession": "a person's sessions, before a tenant is known",
    "portal_cache": "keys name their tenant",
    "django_q_ormq": "wake-ups: ids alone",
    "django_q_task": "wake-ups: ids alone",
    "django_q_schedule": "the engine's watchdog",
}
# Unique keys that reach across tenants, and why a clash tells nobody anything about another tenant.
UNIQUE_ACROSS_TENANTS = {
    "tenants_apikeyindex (sha256)": "a hash of 32 or more characters that nobody can guess",
    "tenants_apikeyindex (key_id)": "the key is of the same tenant, by a foreign key of both",
    "tenants_tenantcode (code)": "written by the platform alone",
    "tenants_supportvisit (staff_id)": "written by staff alone, who may look into each company",
    "reports_attempt (job_id, number)": "the job is of the same tenant, by a foreign key of both",
    "reports_attempt (job_id)": "the job is of the same tenant, by a foreign key of both",
    "reports_snapshotfile (job_id, format, visual_id)": "the job is of the same tenant, by a foreign key of both",
    "reports_review (job_id)": "the job is of the same tenant, by a foreign key of both",
    "reports_audience (schedule_id, name)": "the schedule is of the same tenant, by a foreign key of both",
    "reports_snapshotjob (occurrence_id, fingerprint, round)": "the occurrence is of the same tenant, by a foreign key of both",
    "reports_occurrence (schedule_id, planned_at)": "the schedule is of the same tenant, by a foreign key of both",
    "reports_groupmember (group_id, recipient_id)": "both are of the same tenant, by foreign keys of both",
    "reports_audiencedestination (audience_id, destination_id)": "the audience is of the same tenant, by a foreign key of both",
    "reports_audiencegroup (audience_id, group_id)": "both are of the same tenant, by foreign keys of both",
    "reports_webhookdelivery (webhook_id, event_id)": "both are of the same tenant, by foreign keys of both",
    "reports_audiencerecipient (audience_id, recipient_id)": "both are of the same tenant, by foreign keys of both",
}
READ, WRITE, ALL = {"SELECT"}, {"SELECT", "INSERT", "UPDATE"}, {"SELECT", "INSERT", "UPDATE", "DELETE"}
BEFORE_A_TENANT = {
    "django_migrations": READ,
    "django_content_type": READ,
    "auth_permission": READ,
    "auth_group": READ,
    "auth_group_permissions": READ,
    "tenants_user_groups": READ,
    "tenants_user_user_permissions": READ,
    "django_session": ALL,
    "account_emailaddress": ALL,
    "account_emailconfirmation": ALL,
    "mfa_authenticator": ALL,
    "usersessions_usersession": ALL,
    "portal_cache": ALL,
    "tenants_user": WRITE,
    "tenants_tenantcode": READ,
    "tenants_apikeyindex": READ,
    "tenants_auditevent": {"INSERT"},
    "reports_account": READ,
    "reports_pump": READ,
    "reports_heartbeat": READ,
    # Raised from anywhere, and kept whatever becomes of the transaction that it was raised in.
    "reports_alarm": WRITE,
    "reports_installation": READ,
    "reports_process": READ,
    "reports_figures": READ,
    # Whatever happens is counted, in any scope and in none.
    "reports_tally": WRITE,
    # The status page needs no sign-in; web processes note their own minutes.
    "reports_servicepart": WRITE,
    "reports_serviceday": READ,
    "reports_servicespell": READ,
    "reports_servicenote": READ,
}
# On the whole table or on some of its columns.
GRANTED = {
    roles.WEB: BEFORE_A_TENANT | {"django_q_ormq": {"SELECT", "INSERT"}},
    roles.WORKER: BEFORE_A_TENANT | {"django_q_ormq": ALL, "django_q_task": ALL, "django_q_schedule": ALL},
    roles.ENGINE: {
        "tenants_tenant": READ,
        "reports_report": {"SELECT", "UPDATE"},
        "reports_snapshotjob": {"SELECT", "UPDATE"},
        "reports_account": {"SELECT", "UPDATE"},
        "reports_slot": WRITE,
        "reports_requestbudget": WRITE,
        "reports_pump": WRITE,
        "reports_heartbeat": WRITE,
        "reports_process": ALL,
        "reports_laneclock": ALL,
        "reports_pace": ALL,
        "reports_tenantqueue": ALL,
        "reports_pause": ALL,
        "reports_plannedload": ALL,
        "reports_capacitysample": ALL,
        "reports_figures": WRITE,
        "reports_servicepart": ALL,
        "reports_serviceday": ALL,
        "reports_servicespell": ALL,
        "reports_schedule": {"SELECT", "UPDATE"},
        "reports_scheduletemplate": READ,
        "reports_templateuse": {"SELECT", "UPDATE"},
        "reports_review": {"SELECT", "UPDATE"},
        "reports_occurrence": WRITE,
        "reports_delivery": {"SELECT", "UPDATE"},
        "reports_notice": {"SELECT", "UPDATE"},
        "reports_webhookdelivery": WRITE,
        "reports_webhook": {"SELECT"},
        "reports_event": {"INSERT"},
        "reports_mailbudget": WRITE,
        "reports_alarm": {"SELECT", "UPDATE"},
        "reports_alarmmessage": WRITE,
        "tenants_auditevent": {"INSERT"},
        "reports_installation": WRITE,
    },
    roles.STAFF: {
        "tenants_tenant": WRITE,
        "tenants_tenantcode": {"INSERT"},
        "reports_servicepart": READ,
        "reports_serviceday": READ,
        "reports_servicespell": READ,
        "reports_servicenote": ALL,
        "tenants_sessiontag": ALL,
        "tenants_supportvisit": WRITE,
        "reports_dailyusage": READ,
        "reports_tenantqueue": READ,
        "reports_pause": {"SELECT", "INSERT", "DELETE"},
        "reports_laneclock": READ,
        "reports_pace": READ,
        "reports_capacitysample": READ,
        "tenants_auditevent": {"SELECT", "INSERT"},
        "reports_alarm": READ,
        "reports_alarmmessage": READ,
        "reports_snapshotjob": READ,
        "reports_requestbudget": READ,
        "reports_report": READ,
        "reports_reportparameter": READ,
        "reports_grant": READ,
        # Of templates over tenants: what became of their runs, and nothing else of a schedule.
        "reports_scheduletemplate": WRITE,
        "reports_templateuse": WRITE,
        "reports_schedule": READ,
        "reports_occurrence": READ,
        "reports_catalogueimport": ALL,
        "tenants_user": READ,
        "reports_account": READ,
        "reports_slot": READ,
        "reports_pump": READ,
        "reports_heartbeat": READ,
        "reports_installation": READ,
        "reports_process": READ,
    },
    roles.PLATFORM: {
        # An account that is switched off takes its sessions with it.
        "django_session": {"SELECT", "DELETE"},
        "usersessions_usersession": {"SELECT", "DELETE"},
        "tenants_tenant": WRITE,
        "tenants_tenantcode": {"SELECT", "INSERT"},
        "tenants_user": WRITE,
        "tenants_auditevent": {"INSERT"},
        "reports_alarm": READ,
        "reports_alarmmessage": READ,
        "reports_account": WRITE,
        "reports_report": WRITE,
        "reports_reportparameter": ALL,
        "reports_catalogueimport": ALL,
        "reports_slot": WRITE,
        "reports_requestbudget": WRITE,
        "reports_pump": WRITE,
        "reports_laneclock": {"SELECT", "INSERT"},
        "reports_installation": READ,
    },
}

TABLES = """
select c.relname, c.relrowsecurity and c.relforcerowsecurity and exists (select from pg_policy p where p.polrelid = c.oid),
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped)
from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
"""
UNIQUE_KEYS = """
select c.relname, array_agg(a.attname order by k.position)::text[]
from pg_index i join pg_class c on c.oid = i.indrelid
join lateral unnest(i.indkey) with ordinality k(number, position) on true
join pg_attribute a on a.attrelid = c.oid and a.attnum = k.number
where i.indisunique and c.relnamespace = 'public'::regnamespace
  and exists (select from pg_attribute t where t.attrelid = c.oid and t.attname = 'tenant_id')
group by i.indexrelid, c.relname
"""
FOREIGN_KEYS = """
select k.conrelid::regclass::text, k.confrelid::regclass::text,
       (select array_agg(a.attname order by x.position)::text[] from unnest(k.conkey) with ordinality x(number, position)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.number)
from pg_constraint k where k.contype = 'f' and k.connamespace = 'public'::regnamespace
"""
GRANTS = """
select grantee, table_name, privilege_type from information_schema.column_privileges where table_schema = 'public'
union select grantee, table_name, privilege_type from information_schema.table_privileges where table_schema = 'public'
"""


def tables() -> dict[str, tuple[bool, bool]]:
    """Of each table: is it behind row-level security, has it a tenant."""
    return {name: (walled, has_tenant) for name, walled, has_tenant in sql(TABLES)}


def children(db_rows: list[tuple]) -> list[tuple[str, str, str]]:
    """Foreign keys from one tenant table to another: child, column, parent."""
    return sorted(
        (child, columns[0], parent)
        for child, parent, columns in db_rows
        if len(columns) == 1 and child in TENANT_TABLES and parent in TENANT_TABLES
    )


def test_every_table_is_behind_row_level_security_or_has_a_reason_not_to_be(db):
    without = {name for name, (walled, _) in tables().items() if not walled}

    assert without == set(WITHOUT_ROW_SECURITY)


def test_the_other_tests_know_every_table_that_has_a_tenant(db):
    with_tenant = {name for name, (_, has_tenant) in tables().items() if has_tenant}

    assert with_tenant == {*TENANT_TABLES, "tenants_tenantcode"}


def test_unique_keys_include_the_tenant_or_have_a_reason_not_to(db):
    """A key that reaches across tenants answers whether another tenant has the same value."""
    across = {f"{table} ({', '.join(columns)})" for table, columns in sql(UNIQUE_KEYS) if "tenant_id" not in columns and columns != ["id"]}

    assert across == set(UNIQUE_ACROSS_TENANTS)


def test_a_foreign_key_between_tenant_tables_carries_the_tenant(db):
    keys = sql(FOREIGN_KEYS)
    with_tenant = {(child, columns[1], parent) for child, parent, columns in keys if columns[0] == "tenant_id" and len(columns) == 2}

    assert len(children(keys)) >= 12
    assert [key for key in children(keys) if key not in with_tenant] == []


def test_a_row_of_another_tenant_is_refused_as_parent(acme, globex, filled):
    """Key checks do not look at policies, so only the key itself can refuse."""
    answers = {}

    for child, column, parent in children(sql(FOREIGN_KEYS)):
        with tenant_scope(globex):
            # One without children if there is any: else a unique key of the child may refuse first.
            ((foreign,),) = sql(f"select id from {parent} p order by exists (select from {child} c where c.{column} = p.id) limit 1")
        answers[f"{child}_{column}_same_tenant"] = _refusal(acme, child, column, str(foreign))

    assert answers == {name: name for name in answers}


def _refusal(tenant: Tenant, child: str, column: str, parent_id: str) -> str | None:
    """The name of the constraint that refused the parent; None if it was accepted."""
    try:
        with tenant_scope(tenant), transaction.atomic():
            _point(child, column, parent_id)
            sql("set constraints all immediate")
    except IntegrityError as error:
        return error.__cause__.diag.constraint_name
    return None


def _point(child: str, column: str, parent_id: str) -> None:
    if sql("select has_table_privilege(%s, 'update')", child) == [(True,)]:
        sql(f"update {child} set {column} = %s", parent_id)
        return
    keys = {"tenants_apikeyindex": {"sha256": "\\x00"}, "reports_download": {"id": str(uuid.uuid4())}}
    key = keys.get(child, {"id": -1})
    changed = {column: parent_id} | key
    sql(f"insert into {child} select (jsonb_populate_record(x, %s)).* from {child} x", json.dumps(changed))


@pytest.mark.parametrize("table", ["reports_snapshotjob", "reports_schedule"])
def test_a_report_that_was_not_granted_cannot_be_used(table, acme, globex, filled):
    report = factories.make_report()
    factories.make_grant(tenant=globex, report=report)

    with tenant_scope(acme), transaction.atomic():
        sql(f"update {table} set report_id = %s", report.pk)

        with pytest.raises(IntegrityError, match="report_was_granted"), transaction.atomic():
            sql("set constraints all immediate")
        transaction.set_rollback(True)


@pytest.mark.parametrize("role", sorted(GRANTED))
def test_a_role_holds_exactly_the_rights_that_are_written_down(role, login):
    granted: dict[str, set[str]] = {}
    for grantee, table, privilege in login(roles.OWNER).execute(GRANTS):
        # Transactional tests need to empty tables, in the test database alone.
        if grantee == role and privilege != "TRUNCATE":
            granted.setdefault(table, set()).add(privilege)

    assert granted == GRANTED[role]


def test_nobody_else_holds_a_right_on_a_table(login):
    grantees = {row[0] for row in login(roles.OWNER).execute(GRANTS)}

    assert grantees == {roles.OWNER, roles.APP, *GRANTED}


def test_no_function_works_with_the_rights_of_its_owner(db):
    assert sql("select proname from pg_proc where prosecdef and pronamespace = 'public'::regnamespace") == []


def test_no_view_shows_rows_past_the_policies(db):
    assert sql("select relname from pg_class where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace") == []


@pytest.mark.parametrize("role", [roles.ENGINE, roles.PLATFORM, roles.OWNER, roles.WORKER])
def test_the_web_login_cannot_become_what_it_is_not(role, web_login):
    for statement in (f"set role {role}", f"select set_config('role', '{role}', true)", f"set session authorization {role}"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web_login.execute(statement)


@pytest.mark.parametrize("role", [roles.APP, roles.STAFF])
def test_the_web_login_may_take_the_roles_of_a_tenant_and_of_staff(role, web_login):
    with web_login.transaction():
        web_login.execute(f"set local role {role}")

        assert web_login.execute("select current_user").fetchone() == (role,)


@pytest.mark.django_db(transaction=True)
def test_the_web_login_finds_people_and_keys_before_a_tenant_is_known(acme, filled, web_login):
    assert web_login.execute("select code from tenants_tenantcode where tenant_id = %s", [acme.pk]).fetchone() == (acme.code,)
    assert web_login.execute("select count(*) from tenants_apikeyindex").fetchone() == (2,)
    assert web_login.execute("select count(*) from tenants_user").fetchone() == (4,)


@pytest.mark.parametrize("table", sorted({*TENANT_TABLES, "tenants_tenant", "reports_report"} - set(BEFORE_A_TENANT)))
def test_the_web_login_reads_no_tenant_table_without_a_scope(table, web_login):
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web_login.execute(f"select count(*) from {table}")


@pytest.mark.parametrize("login_name", [roles.WEB, roles.WORKER])
def test_a_login_that_serves_neither_owns_nor_makes_tables(login_name, login):
    connection = login(login_name)

    for statement in ("create table anything (id int)", "alter table reports_link add column extra int", "drop table reports_link"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
