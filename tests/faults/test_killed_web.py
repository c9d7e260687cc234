"""Row 2. A web process that is killed while it creates a job: nothing or all of it is there, and the same request again makes one job."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from reports.models import DailyUsage, IdempotentRequest, JobEvent, SnapshotJob
from tenants.scope import tenant_scope
from tests.factories import make_api_key
from tests.faults import killing
from tests.faults.web import running_web
from tests.pretend_aws import ROOT
from tests.reports.engine.worker import environment_of

pytestmark = pytest.mark.django_db(transaction=True)
CLIENT = runpy.run_path(str(ROOT / "docs" / "examples" / "fanfold.py"))


@pytest.mark.parametrize("step", killing.WEB_STEPS)
def test_the_same_request_again_makes_one_job(step, aws, acme, daily_calls, database_env, tmp_path: Path):
    marks = tmp_path / "marks"
    marks.mkdir()
    trap = {"DJANGO_SETTINGS_MODULE": "tests.faults.settings", killing.WEB_STEP: step, killing.MARKS: str(marks)}
    key = make_api_key(tenant=acme)[1]

    with running_web(environment_of(database_env, aws.environment) | trap, tmp_path) as web:
        job = CLIENT["Fanfold"](web.address, key).run("daily-calls", ["PDF"], key="order-4711")

    assert killing.sprung(marks) == {step}
    with tenant_scope(acme):
        (made,) = SnapshotJob.objects.for_tenant(acme)
        assert str(made.pk) == job["id"]
        assert [event.type for event in JobEvent.objects.filter(job=made)] == ["queued"]
        assert DailyUsage.objects.get(tenant=acme).jobs == 1
        assert IdempotentRequest.objects.get(tenant=acme).status == 201
