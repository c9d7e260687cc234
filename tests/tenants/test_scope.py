"""Scopes: the only way in, and never open a moment longer than their block."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle, islice

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, connections, transaction

from reports.models import Account, Report, SnapshotJob
from tenants import roles, session_tags
from tenants.models import ApiKeyIndex, Membership, SessionTag, Tenant, TenantCode, User
from tenants.scope import ScopeConflict, as_engine, engine_scope, member_scope, platform_scope, staff_scope, tenant_scope, user_scope
from tenants.secrets import secret_hash
from tests import factories
from tests.tenants.rows import TENANT_TABLES, sql

REFUSED = "permission denied"
# Readable before a tenant is known: hashes and codes, which tell nothing to who does not hold the key or the link.
OPEN_TABLES = {"tenants_apikeyindex"}
SETTINGS = "select current_user, current_setting('app.tenant_id', true), current_setting('app.user_id', true)"


def tag() -> str:
    """What a query that forgot the tenant finds."""
    return ",".join(SessionTag.objects.order_by("value").values_list("value", flat=True))


def is_outside() -> bool:
    login, tenant, user = sql(SETTINGS)[0]
    return login == roles.WORKER and not tenant and not user


@pytest.mark.parametrize("table", sorted({*TENANT_TABLES, "tenants_tenant", "reports_report", "reports_reportparameter"} - OPEN_TABLES))
def test_without_a_scope_a_tenant_table_is_refused(table, db):
    with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        sql(f"select count(*) from {table}")


@pytest.mark.django_db(transaction=True)
def test_without_a_scope_and_a_transaction_it_is_refused_too(acme):
    with pytest.raises(DatabaseError, match=REFUSED):
        SnapshotJob.objects.count()


def test_a_key_and_a_code_lead_to_their_tenant_before_one_is_known(acme, globex):
    _, secret = factories.make_api_key(tenant=acme)

    assert ApiKeyIndex.objects.get(sha256=secret_hash(secret)).tenant_id == acme.pk
    assert TenantCode.objects.get(code=globex.code).tenant_id == globex.pk


def test_a_queryset_made_inside_and_read_outside_is_refused(acme):
    with tenant_scope(acme):
        lazy = SessionTag.objects.all()

    with pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        list(lazy)


def test_the_scope_ends_with_its_block_inside_an_open_transaction(acme):
    with transaction.atomic():
        with tenant_scope(acme):
            assert tag() == "acme"

        assert is_outside()


@pytest.mark.django_db(transaction=True)
def test_the_scope_ends_with_its_transaction(acme):
    with tenant_scope(acme):
        assert tag() == "acme"

    assert not connection.in_atomic_block
    assert is_outside()


@pytest.mark.django_db(transaction=True)
def test_the_scope_ends_when_its_transaction_is_rolled_back(acme):
    def work() -> None:
        with tenant_scope(acme):
            session_tags.write(acme, {"tenant_id": "globex"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()

    assert is_outside()
    with tenant_scope(acme):
        assert tag() == "acme"


def test_the_scope_ends_when_its_savepoint_is_rolled_back(acme):
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), tenant_scope(acme):
            raise ZeroDivisionError

        assert is_outside()


def test_a_savepoint_rolled_back_inside_keeps_the_tenant(acme):
    with tenant_scope(acme):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            raise ZeroDivisionError

        assert tag() == "acme"


@pytest.mark.parametrize("transactional", [pytest.param(True, marks=pytest.mark.django_db(transaction=True)), False])
def test_the_scope_ends_after_an_error_of_the_database(transactional, acme):
    with pytest.raises(DatabaseError, match="division by zero"), tenant_scope(acme):
        sql("select 1/0")

    assert is_outside()


def test_scopes_one_after_the_other_in_one_transaction(acme, globex):
    with transaction.atomic():
        with platform_scope():
            assert set(Tenant.objects.values_list("slug", flat=True)) == {"acme", "globex"}
        with tenant_scope(acme):
            assert tag() == "acme"
        with tenant_scope(globex):
            assert tag() == "globex"
        with engine_scope():
            assert SnapshotJob.objects.values("status").count() == 0

        assert is_outside()


@pytest.mark.parametrize("inner", [engine_scope, platform_scope, lambda: tenant_scope("9d8b5f6e-28d5-4f3e-9a55-c3a0f0a7a1b4")])
def test_a_different_scope_inside_a_tenant_is_refused_and_changes_nothing(inner, acme):
    with tenant_scope(acme):
        with pytest.raises(ScopeConflict, match="leave the first scope"), inner():
            pass

        assert tag() == "acme"


@pytest.mark.parametrize("outer", [engine_scope, platform_scope])
def test_a_tenant_inside_a_scope_across_tenants_is_refused(outer, acme):
    with outer(), pytest.raises(ScopeConflict), tenant_scope(acme):
        pass


def test_an_error_in_the_engines_few_statements_leaves_nobody_in_its_place(acme):
    """Caught inside the tenant, it would else go on across all of them."""
    with tenant_scope(acme):
        with suppress(ValueError), as_engine():
            raise ValueError("a surprise")

        with pytest.raises(transaction.TransactionManagementError):
            SnapshotJob.objects.count()


def test_the_same_tenant_inside_itself_is_no_conflict(acme):
    with tenant_scope(acme):
        with tenant_scope(str(acme.pk)):
            assert tag() == "acme"

        assert tag() == "acme"


def test_what_is_not_a_tenants_id_opens_nothing(db):
    with pytest.raises(ValueError, match="badly formed"), tenant_scope("acme"):
        pass

    assert is_outside()


@pytest.mark.django_db(transaction=True)
def test_what_runs_on_commit_belongs_to_no_tenant(acme, globex):
    seen = []

    def look() -> None:
        seen.append(is_outside())
        with tenant_scope(globex):
            seen.append(tag())

    with tenant_scope(acme):
        transaction.on_commit(look)

    assert seen == [True, "globex"]


def test_what_runs_on_commit_of_an_outer_transaction_belongs_to_no_tenant(acme, globex, django_capture_on_commit_callbacks):
    seen = []

    with django_capture_on_commit_callbacks(execute=True), transaction.atomic(), tenant_scope(acme):
        transaction.on_commit(lambda: seen.append(is_outside()))

    assert seen == [True]


@pytest.mark.django_db(transaction=True)
def test_threads_with_different_tenants_never_see_each_others_rows(acme, globex):
    def look(tenant: Tenant | None) -> str:
        if tenant is None:
            try:
                return tag()
            except DatabaseError:
                return "refused"
        with tenant_scope(tenant):
            return tag()

    def run(start: int) -> list[tuple[str, str]]:
        try:
            turns = islice(cycle([acme, globex, None]), start, start + 60)
            return [(tenant.slug if tenant else "refused", look(tenant)) for tenant in turns]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        seen = [pair for pairs in pool.map(run, range(4)) for pair in pairs]

    assert len(seen) == 240
    assert [pair for pair in seen if pair[0] != pair[1]] == []


def test_a_person_sees_their_own_memberships_and_the_names_of_those_tenants(acme, globex, alice, bob):
    initech = factories.make_tenant(slug="initech")
    factories.make_member(tenant=globex, user=alice)
    factories.make_member(tenant=initech, user=bob)

    with user_scope(alice):
        memberships = set(Membership.objects.values_list("user", "tenant__slug"))
        names = set(Tenant.objects.values_list("slug", flat=True))

    assert memberships == {(alice.pk, "acme"), (alice.pk, "globex")}
    assert names == {"acme", "globex"}


def test_a_person_before_a_tenant_is_chosen_sees_nothing_else(acme, alice, filled):
    with user_scope(alice):
        assert list(User.objects.values_list("email", flat=True)) == [alice.email]
        counts = {table: sql(f"select count(*) from {table}")[0][0] for table in TENANT_TABLES}

    assert {table for table, count in counts.items() if count} == {"tenants_membership"}


def test_a_person_cannot_make_themselves_a_member(acme, bob):
    with user_scope(bob), pytest.raises(DatabaseError, match="row-level security"), transaction.atomic():
        Membership.objects.create(tenant=acme, user=bob, role="owner")


def test_a_person_cannot_raise_their_own_role_before_a_tenant_is_chosen(acme, alice):
    with user_scope(alice):
        changed = sql("update tenants_membership set role = 'owner'")

    assert changed == [(0,)]


def test_a_member_comes_in_by_the_companys_name_and_sees_what_the_company_sees(acme, globex, alice):
    factories.make_member(tenant=globex, user=alice, role="owner")

    with member_scope(alice, "acme") as membership:
        assert (membership.tenant, membership.role) == (acme, "viewer")
        assert tag() == "acme"
        assert set(Tenant.objects.values_list("slug", flat=True)) == {"acme"}
        assert set(Membership.objects.values_list("tenant__slug", flat=True)) == {"acme"}
        assert sql(SETTINGS) == [(roles.APP, str(acme.pk), "")]

    assert is_outside()


@pytest.mark.parametrize("slug", ["globex", "no-such-company", ""])
def test_who_is_no_member_comes_into_no_company(acme, globex, alice, filled, slug):
    with member_scope(alice, slug) as membership:
        assert membership is None
        assert sql(SETTINGS) == [(roles.APP, "", str(alice.pk))]
        assert tag() == ""

    assert is_outside()


@pytest.mark.django_db(transaction=True)
def test_a_member_works_in_one_transaction_which_an_error_undoes(acme, alice):
    def work() -> None:
        with member_scope(alice, "acme"):
            session_tags.write(acme, {"tenant_id": "globex"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()

    assert is_outside()
    with tenant_scope(acme):
        assert tag() == "acme"


@pytest.mark.django_db(transaction=True)
def test_what_a_member_leaves_to_be_done_on_commit_belongs_to_no_tenant(acme, alice):
    seen = []

    with member_scope(alice, "acme"):
        transaction.on_commit(lambda: seen.append(is_outside()))

    assert seen == [True]


@pytest.mark.parametrize("outer", ["person", "tenant", "engine"])
def test_a_member_comes_in_from_outside_alone(acme, alice, outer):
    scope = {"person": lambda: user_scope(alice), "tenant": lambda: tenant_scope(acme), "engine": engine_scope}[outer]

    with scope(), pytest.raises(ScopeConflict, match="leave the first scope"), member_scope(alice, "acme"):
        pass


def test_another_tenant_inside_a_members_is_refused(acme, globex, alice):
    with member_scope(alice, "acme"), pytest.raises(ScopeConflict), tenant_scope(globex):
        pass


def test_staff_see_names_and_the_queue_of_all_tenants(acme, globex, daily_calls):
    staff = factories.make_user(is_staff=True)
    jobs = {factories.make_job(tenant=tenant, report=daily_calls).pk for tenant in (acme, globex)}

    with staff_scope(staff):
        assert set(Tenant.objects.values_list("slug", flat=True)) == {"acme", "globex"}
        assert set(SnapshotJob.objects.values_list("pk", flat=True)) == jobs
        assert list(Report.objects.all()) == [daily_calls]
        assert Account.objects.get().name == "main"


@pytest.mark.parametrize(
    "statement",
    [
        "select parameters from reports_snapshotjob",
        "select value from tenants_sessiontag",
        "select count(*) from reports_link",
        "select password from tenants_user",
        "select parameters from reports_grant",
        "update tenants_tenant set timezone = 'UTC'",
        "update reports_snapshotjob set status = 'queued'",
    ],
)
def test_staff_neither_read_content_nor_write_across_tenants(statement, filled):
    with staff_scope(factories.make_user(is_staff=True)), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        sql(statement)


def test_staff_see_who_else_is_staff_and_nobody_else(acme, alice):
    ines, omar = (factories.make_user(email=f"{name}@anycompany.example", is_staff=True) for name in ("ines", "omar"))

    with staff_scope(ines):
        assert set(User.objects.values_list("email", flat=True)) == {ines.email, omar.email}


@pytest.mark.parametrize("facts", [{"is_staff": False}, {"is_staff": True, "is_active": False}])
def test_who_is_not_active_staff_gets_no_staff_scope(facts, db):
    with pytest.raises(PermissionDenied), staff_scope(factories.make_user(**facts)):
        pass

    assert is_outside()


def test_the_engine_sees_the_queue_of_all_tenants(acme, globex, daily_calls):
    jobs = {factories.make_job(tenant=tenant, report=daily_calls).pk for tenant in (acme, globex)}

    with engine_scope():
        assert set(SnapshotJob.objects.values_list("pk", flat=True)) == jobs
        assert SnapshotJob.objects.update(waiting="slots_taken") == 2
        assert set(Tenant.objects.values_list("slug", flat=True)) == {"acme", "globex"}
        assert Report.objects.update(preflight=Report.Preflight.NOT_CHECKED) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "select parameters from reports_snapshotjob",
        "select actor from reports_snapshotjob",
        "update reports_snapshotjob set tenant_id = tenant_id",
        "update reports_snapshotjob set parameters = '{}'",
        "delete from reports_snapshotjob",
        "update reports_report set dashboard_id = 'other'",
        "select name from tenants_tenant",
        "select count(*) from reports_attempt",
        "select count(*) from reports_snapshotfile",
        "select count(*) from reports_link",
        "select count(*) from tenants_sessiontag",
        "select count(*) from tenants_user",
        "update reports_account set slots = 100",
    ],
)
def test_the_engine_reads_and_writes_the_queues_columns_alone(statement, filled):
    with engine_scope(), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        sql(statement)


@pytest.mark.parametrize("table", sorted(set(TENANT_TABLES) - {"tenants_auditevent"}))
def test_the_platform_scope_reads_no_tenants_rows(table, filled):
    with platform_scope(), pytest.raises(DatabaseError, match=REFUSED), transaction.atomic():
        sql(f"select count(*) from {table}")


def test_the_platform_scope_finds_the_people_and_the_catalogue(acme, alice, daily_calls):
    with platform_scope():
        assert User.objects.get(email=alice.email) == alice
        assert list(Report.objects.all()) == [daily_calls]
        assert daily_calls.parameters.count() == len(factories.PARAMETERS)
