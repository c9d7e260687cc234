"""Every tenant table, with SQL that forgot the tenant: the wall behind the filters."""

from __future__ import annotations

import json
import uuid

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from reports.models import Grant, Report, ReportParameter, SnapshotJob
from tenants import roles
from tenants.models import Membership, SessionTag, Tenant, User
from tenants.scope import tenant_scope
from tests import factories
from tests.tenants.rows import TENANT_TABLES, sql

BREAKS_POLICY = "violates row-level security policy"
REFUSED = "permission denied"

every_tenant_table = pytest.mark.parametrize("table", TENANT_TABLES)


@every_tenant_table
def test_a_tenant_sees_its_own_rows_and_no_others(table, acme, globex, filled):
    for tenant in (acme, globex):
        with tenant_scope(tenant):
            owners = sql(f"select distinct tenant_id from {table}")
            foreign = sql(f"select count(*) from {table} where tenant_id <> %s", tenant.pk)

        assert owners == [(tenant.pk,)]
        assert foreign == [(0,)]


@every_tenant_table
def test_a_tenant_cannot_insert_a_row_for_another(table, acme, globex, filled):
    expected = BREAKS_POLICY if _app_may(table, "insert") else REFUSED
    names = _written(table)
    made = f"(select (jsonb_populate_record(x, %s)).* from {table} x) made"

    with tenant_scope(acme), pytest.raises(DatabaseError, match=expected), transaction.atomic():
        sql(f"insert into {table} ({names}) select {names} from {made}", json.dumps({"tenant_id": str(globex.pk)}))


@every_tenant_table
def test_a_tenant_cannot_hand_its_rows_to_another(table, acme, globex, filled):
    expected = BREAKS_POLICY if _app_may(table, "update") else REFUSED

    with tenant_scope(acme), pytest.raises(DatabaseError, match=expected), transaction.atomic():
        sql(f"update {table} set tenant_id = %s", globex.pk)


@every_tenant_table
def test_a_tenant_cannot_change_rows_of_another(table, acme, globex, filled):
    if not _app_may(table, "update"):
        with tenant_scope(acme), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            sql(f"update {table} set tenant_id = tenant_id where tenant_id = %s", globex.pk)
        return

    with tenant_scope(acme):
        touched = sql(f"update {table} set tenant_id = tenant_id where tenant_id = %s", globex.pk)

    assert touched == [(0,)]


@every_tenant_table
def test_a_tenant_cannot_delete_rows_of_another(table, acme, globex, filled):
    if not _app_may(table, "delete"):
        with tenant_scope(acme), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            sql(f"delete from {table} where tenant_id = %s", globex.pk)
        return

    with tenant_scope(acme):
        touched = sql(f"delete from {table} where tenant_id = %s", globex.pk)
        sql("set constraints all immediate")

    assert touched == [(0,)]


@every_tenant_table
def test_an_unknown_tenant_sees_nothing(table, filled):
    with tenant_scope(uuid.uuid4()):
        assert sql(f"select count(*) from {table}") == [(0,)]


@every_tenant_table
def test_a_role_without_a_tenant_sees_nothing(table, filled):
    with transaction.atomic():
        sql("select set_config('role', %s, true)", roles.APP)
        seen = sql(f"select count(*) from {table}")
        sql("select set_config('role', 'none', true)")

    assert seen == [(0,)]


def _app_may(table: str, privilege: str) -> bool:
    return sql("select has_table_privilege(%s, %s, %s)", roles.APP, table, privilege)[0][0]


def test_a_forgotten_filter_and_a_filter_for_another_tenant_show_no_foreign_row(acme, globex, filled):
    with tenant_scope(acme):
        assert {job.tenant_id for job in SnapshotJob.objects.all()} == {acme.pk}
        assert not SnapshotJob.objects.filter(tenant=globex).exists()
        assert not SnapshotJob.objects.for_tenant(globex).exists()


def test_prefetched_rows_are_of_the_same_tenant(acme, filled):
    with tenant_scope(acme):
        reports = list(Report.objects.prefetch_related("jobs__files", "grants"))

    assert {job.tenant_id for report in reports for job in report.jobs.all()} == {acme.pk}
    assert {file.tenant_id for report in reports for job in report.jobs.all() for file in job.files.all()} == {acme.pk}
    assert {grant.tenant_id for report in reports for grant in report.grants.all()} == {acme.pk}


def test_rows_from_a_server_side_cursor_are_of_the_same_tenant(acme, daily_calls, filled):
    for _ in range(5):
        factories.make_job(tenant=acme, report=daily_calls)

    with tenant_scope(acme):
        jobs = list(SnapshotJob.objects.order_by("pk").iterator(chunk_size=2))

    assert len(jobs) == 9
    assert {job.tenant_id for job in jobs} == {acme.pk}


def test_a_tenant_sees_its_own_register_entry_alone_and_cannot_write_it(acme, globex):
    with tenant_scope(acme):
        assert list(Tenant.objects.all()) == [acme]
        with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            Tenant.objects.update(bucket="elsewhere")


def test_a_tenant_sees_its_members_and_no_other_people(acme, alice, adam, bob):
    factories.make_user(email="nobody@example.com")

    with tenant_scope(acme):
        seen = set(User.objects.values_list("email", flat=True))

    assert seen == {alice.email, adam.email}


def test_a_tenant_never_reads_a_password_hash(acme, alice):
    with tenant_scope(acme), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        sql("select password from tenants_user")


def test_a_tenant_cannot_change_people(acme, alice):
    with tenant_scope(acme), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        sql("update tenants_user set is_active = false")


def test_a_report_is_seen_only_by_the_tenants_it_was_granted_to(acme, globex):
    shared, own = factories.make_report(), factories.make_report()
    factories.make_grant(tenant=acme, report=shared)
    factories.make_grant(tenant=acme, report=own)
    factories.make_grant(tenant=globex, report=shared)

    for tenant, expected in ((acme, {shared, own}), (globex, {shared})):
        with tenant_scope(tenant):
            assert set(Report.objects.all()) == expected
            assert set(ReportParameter.objects.values_list("report", flat=True)) == {report.pk for report in expected}


def test_a_withdrawn_grant_keeps_the_history_readable(acme, daily_calls, now):
    with tenant_scope(acme):
        Grant.objects.update(withdrawn_at=now)

        assert Report.objects.get() == daily_calls
        assert not Grant.objects.active().exists()


def test_a_tenant_cannot_change_the_catalogue(acme, daily_calls):
    for statement in (
        "update reports_report set dashboard_id = 'other'",
        "update reports_reportparameter set choices = null",
        "update reports_account set slots = 100",
        "select aws_account_id from reports_account",
        "select count(*) from reports_slot",
    ):
        with tenant_scope(acme), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
            sql(statement)


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("truncate reports_jobevent", REFUSED),
        ("alter table reports_link disable row level security", "must be owner"),
        ("drop policy tenant_rows on reports_link", "must be owner"),
        ("create table anything (id int)", REFUSED),
        (f"set role {roles.OWNER}", REFUSED),
        (f"set session authorization {roles.OWNER}", REFUSED),
    ],
)
def test_a_tenant_cannot_lift_the_wall(statement, refusal, acme):
    with tenant_scope(acme), pytest.raises(DatabaseError, match=refusal), transaction.atomic():
        sql(statement)


def test_switching_row_security_off_is_an_error_and_not_a_way_around_it(acme, filled):
    with tenant_scope(acme), transaction.atomic():
        sql("set local row_security = off")

        with pytest.raises(DatabaseError, match="would be affected by row-level security"), transaction.atomic():
            sql("select count(*) from reports_link")


@pytest.mark.django_db(transaction=True)
def test_the_owner_of_the_tables_sees_no_tenants_rows(filled, login):
    owner = login(roles.OWNER)

    for table in [*TENANT_TABLES, "tenants_tenant", "tenants_user", "reports_report", "reports_reportparameter"]:
        assert owner.execute(f"select count(*) from {table}").fetchone() == (0,), table


@pytest.mark.django_db(transaction=True)
def test_a_session_tag_of_another_tenant_is_not_found_by_its_id(acme, globex):
    with tenant_scope(globex):
        foreign = SessionTag.objects.get()

    with tenant_scope(acme), pytest.raises(SessionTag.DoesNotExist):
        foreign.refresh_from_db()


def test_the_suite_itself_is_held_by_row_level_security(db):
    bypass = sql("select rolname, rolsuper or rolbypassrls from pg_roles where rolname in (session_user, current_user)")

    assert bypass == [(roles.WORKER, False)]
    assert connection.settings_dict["USER"] == roles.WORKER


def test_a_member_of_two_tenants_is_in_each_with_their_role_there(acme, globex, alice):
    factories.make_member(tenant=globex, user=alice, role="admin")

    for tenant, role in ((acme, "viewer"), (globex, "admin")):
        with tenant_scope(tenant):
            assert Membership.objects.get(user=alice).role == role


def test_errors_of_the_database_are_what_these_tests_match(acme):
    """Both refusals have one SQLSTATE; the tests above tell them apart by their words, which therefore have to be English."""
    with tenant_scope(acme), pytest.raises(DatabaseError) as caught, transaction.atomic():
        sql("select count(*) from reports_slot")

    assert isinstance(caught.value.__cause__, psycopg.errors.InsufficientPrivilege)


def _written(table: str) -> str:
    """All columns but those that the database works out."""
    found = sql(
        "select string_agg(quote_ident(attname), ', ') from pg_attribute "
        "where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = ''",
        table,
    )
    return str(found[0][0])
