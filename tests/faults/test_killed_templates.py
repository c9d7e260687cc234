"""A worker that is killed while it applies a template: each tenant has one linked schedule at the newest version in the end."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from django.utils import timezone

from reports import tasks
from reports.models import Schedule, TemplateUse
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.faults import killing
from tests.reports.engine.worker import environment_of, running_worker, wait_for
from tests.reports.templates import steps

pytestmark = pytest.mark.django_db(transaction=True)
TENANTS = 6


@pytest.mark.parametrize("step", ["use taken", "schedule made", "template applied"])
def test_what_a_killed_worker_left_is_applied_once(step, aws, database_env, tmp_path: Path, ines):
    report = factories.make_report(slug="daily-calls")
    tenants = [factories.make_tenant() for _ in range(TENANTS)]
    for tenant in tenants:
        factories.make_grant(tenant=tenant, report=report)
    template = steps.in_force(ines, timezone.now(), tenants[:3])
    steps.choose(template, tenants, timezone.now())
    steps.change(template, timezone.now(), cron="0 6 * * *")
    environment, marks = environment_of(database_env, aws.environment), tmp_path / "marks"
    marks.mkdir()
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.STEP: step, killing.MARKS: str(marks)}

    def is_done() -> bool:
        with engine_scope():
            return not TemplateUse.objects.filter(next_try_at__isnull=False).exists()

    tasks.send_apply_templates()
    with running_worker(environment | trap, tmp_path) as killed:
        killed.wait(timeout=90)
    assert (killed.returncode, killing.sprung(marks)) == (-signal.SIGKILL, {step})
    assert not is_done()
    # The time of what it had taken is over.
    with engine_scope():
        TemplateUse.objects.filter(next_try_at__isnull=False).update(next_try_at=timezone.now())
    tasks.send_apply_templates()
    with running_worker(environment, tmp_path):
        wait_for(is_done, 60, f"applied after {step}")

    for tenant in tenants:
        with tenant_scope(tenant):
            assert [(s.cron, s.retired_at) for s in Schedule.objects.filter(template=template.pk)] == [("0 6 * * *", None)]
