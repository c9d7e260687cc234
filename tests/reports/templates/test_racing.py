"""Staff who edit while workers apply: whoever comes when, each company ends with one schedule, at the newest version."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reports.models import Schedule, TemplateUse
from reports.templates import applying
from reports.templates.applying import TAKEN_FOR
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.reports.engine.threads import together
from tests.reports.templates import steps

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOURS = range(1, 9)


def test_two_editors_and_three_workers_at_once(ines):
    report = factories.make_report(slug="daily-calls")
    tenants = [factories.make_tenant() for _ in range(8)]
    for tenant in tenants:
        factories.make_grant(tenant=tenant, report=report)
    template = steps.make(ines, NOW)
    steps.choose(template, tenants, NOW)

    def edit():
        for hour in HOURS:
            steps.change(template, NOW, cron=f"0 {hour} * * *")

    def choose():
        for number in (4, 8, 2, 8):
            steps.choose(template, tenants[:number], NOW)

    def work():
        for _ in range(6):
            applying.apply_due(NOW)

    assert together(edit, choose, work, work, work) == []
    # Whatever a worker had taken when it was changed again.
    applying.apply_due(NOW + TAKEN_FOR + timedelta(seconds=1))

    with engine_scope():
        assert set(TemplateUse.objects.values_list("applied_version", "next_try_at")) == {(len(HOURS) + 1, None)}
    for tenant in tenants:
        with tenant_scope(tenant):
            live = Schedule.objects.kept().filter(template=template.pk)
            assert [schedule.cron for schedule in live] == [f"0 {HOURS[-1]} * * *"]
