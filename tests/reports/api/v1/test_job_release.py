"""Over the API: jobs that a schedule's gate holds, and deciding on them."""

from __future__ import annotations

import pytest

from tenants.models import AuditEvent, Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories
from tests.portal.views.conftest import aws, server
from tests.reports.api.v1.conftest import V1Client, code
from tests.reports.gate import files, steps

__all__ = ["aws", "server"]
pytestmark = pytest.mark.django_db(transaction=True)
STRANGE = files.pdf("Globex Resorts")


@pytest.fixture
def schedule(acme):
    report = factories.make_report(slug="daily-calls")
    return factories.make_schedule(tenant=acme, report=report, release="if_usual", must_contain="Acme Hotels")


@pytest.fixture
def held(aws, schedule):
    job = steps.finish(aws, steps.make_run(schedule, people=["anna@c.example"]), STRANGE)
    steps.run()
    return job


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(factories.make_api_key(tenant=acme, scopes=("jobs:write", "schedules:write", "links:write"))[1])


def job_of(client, job) -> dict:
    return client.get(f"/api/v1/jobs/{job.pk}/").json()


def test_a_job_tells_whether_its_files_are_released(acme_v1, aws, schedule):
    job = steps.make_run(schedule)
    assert job_of(acme_v1, job)["release"] == "released"
    steps.finish(aws, job, STRANGE)
    assert job_of(acme_v1, job)["release"] == "held"
    steps.run()
    assert job_of(acme_v1, job)["release"] == "held"

    answer = acme_v1.post(f"/api/v1/jobs/{job.pk}/reject/", {})

    assert (answer.status_code, answer.json()["release"]) == (200, "rejected")


def test_a_held_job_is_released_once(acme_v1, acme, held):
    first = acme_v1.post(f"/api/v1/jobs/{held.pk}/release/", {"note": "Asked Rui."})
    again = acme_v1.post(f"/api/v1/jobs/{held.pk}/release/", {})

    assert (first.status_code, first.json()["release"]) == (200, "released")
    assert code(again) == (409, "job_not_held")
    assert "released it on" in again.json()["detail"]
    with tenant_scope(acme):
        assert AuditEvent.objects.get(action="job.released").after["note"] == "Asked Rui."


@pytest.mark.parametrize("rejected", [False, True])
def test_nothing_of_a_job_that_was_not_released_is_downloaded_or_linked(acme_v1, held, rejected):
    if rejected:
        acme_v1.post(f"/api/v1/jobs/{held.pk}/reject/", {})
    (file,) = job_of(acme_v1, held)["files"]

    download = acme_v1.get(f"/api/v1/jobs/{held.pk}/files/{file['id']}/download/")
    link = acme_v1.post("/api/v1/links/", {"job": str(held.pk)})

    assert code(download) == (409, "job_held")
    assert code(link) == (409, "job_held")


def test_a_held_job_is_neither_run_again_nor_corrected(acme_v1, held):
    again = acme_v1.post(f"/api/v1/jobs/{held.pk}/retry/", {})
    corrected = acme_v1.post(f"/api/v1/jobs/{held.pk}/restate/", {"because": "It was wrong."})

    assert (code(again), code(corrected)) == ((409, "job_held"), (409, "job_held"))


def test_a_job_of_another_company_is_not_there(globex_v1, held):
    assert code(globex_v1.post(f"/api/v1/jobs/{held.pk}/release/", {})) == (404, "not_found")
    assert steps.review_of(held).status == "held"


def test_a_schedule_has_its_gate(acme_v1, schedule):
    address = f"/api/v1/schedules/{schedule.pk}/"
    before = acme_v1.get(address).json()

    changed = acme_v1.call(
        "PATCH", address, {"release": {"mode": "by_hand", "hold_hours": 4, "usual_percent": 30, "must_contain": "Acme"}}
    ).json()
    at_once = acme_v1.call("PATCH", address, {"hold_for_release": False}).json()

    assert before["release"] == {"mode": "if_usual", "usual_percent": 50, "must_contain": "Acme Hotels", "hold_hours": 24}
    assert before["hold_for_release"] is False
    assert changed["release"] == {"mode": "by_hand", "usual_percent": 30, "must_contain": "Acme", "hold_hours": 4}
    assert changed["hold_for_release"] is True
    assert (at_once["release"]["mode"], at_once["hold_for_release"]) == ("at_once", False)


def test_hours_beyond_the_days_that_files_are_kept_are_refused(acme_v1, acme, schedule):
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(retention_days=1)

    answer = acme_v1.call("PATCH", f"/api/v1/schedules/{schedule.pk}/", {"release": {"hold_hours": 48}})

    assert code(answer) == (422, "schedule_invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/release/hold_hours"]
