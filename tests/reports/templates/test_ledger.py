"""What became of a template's runs in all tenants: by the day that each tenant's own calendar showed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from reports.templates import ledger
from tenants import roles
from tenants.scope import staff_scope, tenant_scope
from tests import factories
from tests.reports.templates import steps
from tests.reports.templates.steps import linked
from tests.tenants.rows import sql

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MONDAY = date(2026, 11, 23)


@pytest.fixture
def far_apart(ines):
    """One on each side of the line where days begin, with a run at 07:30 of the same Monday."""
    report = factories.make_report(slug="daily-calls")
    tenants = [
        factories.make_tenant(slug=slug, timezone=zone) for slug, zone in (("first", "Pacific/Kiritimati"), ("last", "Pacific/Pago_Pago"))
    ]
    for tenant in tenants:
        factories.make_grant(tenant=tenant, report=report)
    template = steps.in_force(ines, NOW, tenants)
    starts = (datetime(2026, 11, 22, 17, 30, tzinfo=UTC), datetime(2026, 11, 23, 18, 30, tzinfo=UTC))
    for tenant, start, status in zip(tenants, starts, ("delivered", "failed"), strict=True):
        factories.make_occurrence(schedule=linked(tenant), planned_at=start, status=status)
    return template


def test_a_run_belongs_to_the_day_of_its_own_tenant(far_apart, ines):
    with staff_scope(ines):
        days = ledger.days(far_apart, MONDAY, 14)

    assert [(day.day, day.counts, day.total) for day in days] == [(MONDAY, {"delivered": 1, "failed": 1}, 2)]


def test_runs_of_a_day_are_narrowed_by_their_status(far_apart, ines):
    with staff_scope(ines):
        every = [(run.tenant.slug, run.schedule.timezone) for run in ledger.runs(far_apart, MONDAY).order_by("planned_at")]
        failed = [run.tenant.slug for run in ledger.runs(far_apart, MONDAY, "failed")]

    assert every == [("first", "Pacific/Kiritimati"), ("last", "Pacific/Pago_Pago")]
    assert failed == ["last"]


def test_runs_by_hand_are_no_runs_of_the_plan(far_apart, ines):
    with staff_scope(ines):
        tenant = ledger.runs(far_apart, MONDAY).first().tenant
    factories.make_occurrence(schedule=linked(tenant), planned_at=NOW, status="delivered", kind="hand")

    with staff_scope(ines):
        assert ledger.runs(far_apart, MONDAY).count() == 2


def test_a_retired_schedule_keeps_its_days(far_apart, ines):
    steps.retire(far_apart, NOW)

    with staff_scope(ines):
        assert len(ledger.days(far_apart, MONDAY, 14)) == 1


@pytest.fixture
def a_year_of_two_hundred(ines):
    """Each runs daily; as many other runs stand in the same table."""
    report = factories.make_report(slug="daily-calls")
    tenants = [factories.make_tenant() for _ in range(200)]
    template = factories.make_template(staff=ines, report=report)
    for tenant in tenants:
        for template_id in (template.pk, None):
            schedule = factories.make_schedule(tenant=tenant, report=report, template_id=template_id)
            with tenant_scope(tenant):
                sql(YEAR, tenant.pk, schedule.pk, NOW - timedelta(days=365))
    return template


YEAR = """
insert into reports_occurrence (id, tenant_id, schedule_id, planned_at, kind, status, reason, detail, actor, tries, ended_at)
select gen_random_uuid(), %s, %s, at, 'plan', 'delivered', '', '{}', '', 1, at
from (select %s::timestamptz + day * interval '1 day' as at from generate_series(1, 365) day) days
"""


@pytest.mark.django_db(transaction=True)
def test_a_page_of_a_year_in_two_hundred_tenants_reads_no_more_than_its_days(a_year_of_two_hundred, ines, login):
    login(roles.OWNER).execute("analyze reports_occurrence, reports_schedule")

    with staff_scope(ines):
        plans = [
            rows.explain(analyze=True)
            for rows in (
                ledger.counted(a_year_of_two_hundred, MONDAY - timedelta(days=13), MONDAY),
                ledger.runs(a_year_of_two_hundred, MONDAY).order_by("-planned_at", "-id")[:51],
            )
        ]
        days = ledger.days(a_year_of_two_hundred, MONDAY, 14)

    assert [day.total for day in days] == [200] * 14
    for plan in plans:
        assert "Seq Scan on reports_occurrence" not in plan
        assert "one_occurrence_per_instant" in plan or "occurrence_list" in plan
