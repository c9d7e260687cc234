"""Runs of a schedule over the API: what became of each, and trying again exactly what failed."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports.models import Delivery, Schedule
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_delivery, make_job, make_occurrence, make_schedule
from tests.reports.api.v1.conftest import V1Client, code

ADDRESS = "/api/v1/occurrences/"
PLANNED = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("schedules:write",))[1])


@pytest.fixture
def pack(acme, daily_calls) -> Schedule:
    return make_schedule(tenant=acme, report=daily_calls, slug="morning-pack", timezone="Europe/Berlin")


def run_of(schedule, *statuses, planned_at=PLANNED, **fields):
    """With a job and a delivery in each of the states."""
    fields = {"status": "partly_delivered", "reason": "deliveries_failed", "expanded_at": PLANNED} | fields
    run = make_occurrence(schedule=schedule, planned_at=planned_at, **fields)
    job = make_job(tenant=schedule.tenant, report=schedule.report, status="completed", occurrence=run, now=PLANNED)
    return run, job, [make_delivery(job=job, status=status) for status in statuses]


def test_a_run_tells_what_became_of_it(acme_v1, pack):
    run, job, _mails = run_of(pack, "pending", "sending", "sent", "failed", "bounced", "suppressed")

    answer = acme_v1.get(f"{ADDRESS}{run.pk}/")

    body = answer.json()
    assert answer.status_code == 200
    assert body | {"created_at": ""} == {
        "id": str(run.pk),
        "schedule": str(pack.pk),
        "kind": "plan",
        "planned_at": "2026-11-23T06:30:00.000000Z",
        "planned_at_local": "2026-11-23T07:30:00+01:00",
        "status": "partly_delivered",
        "reason": {"code": "deliveries_failed", "message": "The report was made, but not everybody could be reached."},
        "jobs": [str(job.pk)],
        "deliveries": {"pending": 2, "sent": 1, "failed": 2, "suppressed": 1},
        "ended_at": "2026-11-23T06:32:00.000000Z",
        "late_s": 120.0,
        "created_at": "",
    }
    assert acme_v1.get(f"/api/v1/schedules/{pack.pk}/occurrences/").json()["results"] == [body]


def test_one_that_never_ran_is_told_of_too(acme_v1, pack):
    run = make_occurrence(schedule=pack, planned_at=PLANNED, status="skipped", reason="paused")

    body = acme_v1.get(f"{ADDRESS}{run.pk}/").json()

    assert (body["status"], body["jobs"]) == ("skipped", [])
    assert body["reason"] == {"code": "paused", "message": "The schedule was paused."}
    assert body["deliveries"] == {"pending": 0, "sent": 0, "failed": 0, "suppressed": 0}


def test_they_come_by_their_planned_time_and_can_be_narrowed(acme_v1, acme, daily_calls, pack):
    runs = [make_occurrence(schedule=pack, planned_at=PLANNED + timedelta(days=day), status="delivered") for day in (2, 0, 1)]
    missed = make_occurrence(schedule=pack, planned_at=PLANNED - timedelta(days=1), status="missed", reason="portal_was_down")
    make_occurrence(schedule=make_schedule(tenant=acme, report=daily_calls), status="planned")

    def listed(query):
        return [row["id"] for row in acme_v1.get(f"/api/v1/schedules/{pack.pk}/occurrences/?{query}").json()["results"]]

    newest_first = [str(runs[0].pk), str(runs[2].pk), str(runs[1].pk), str(missed.pk)]
    assert listed("") == newest_first
    assert listed("order=planned_at") == newest_first[::-1]
    assert listed("status=missed,planned") == [str(missed.pk)]
    assert listed("planned_after=2026-11-24T06:30:00Z") == newest_first[:2]


def test_what_failed_is_tried_again_and_nothing_else(acme_v1, acme, pack):
    run, _job, (failed, sent) = run_of(pack, "failed", "sent")

    answer = acme_v1.post(f"{ADDRESS}{run.pk}/retry-failed/")
    again = acme_v1.post(f"{ADDRESS}{run.pk}/retry-failed/")

    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["deliveries"]["pending"]) == ("running", 1)
    assert code(again) == (409, "nothing_failed")
    with tenant_scope(acme):
        assert Delivery.objects.get(pk=failed.pk).status == "pending"
        assert Delivery.objects.get(pk=sent.pk).status == "sent"


def test_a_page_asks_as_many_questions_however_many_it_shows(acme_v1, pack):
    def questions():
        with CaptureQueriesContext(connection) as asked:
            assert acme_v1.get(f"/api/v1/schedules/{pack.pk}/occurrences/").status_code == 200
        return len(asked)

    run_of(pack, "sent")
    questions()  # the first use of a key in a minute is noted
    few = questions()
    for day in range(1, 6):
        run_of(pack, "sent", "failed", planned_at=PLANNED + timedelta(days=day))

    assert questions() == few


def test_reading_needs_one_scope_and_trying_again_another(acme, pack):
    run, _job, _mails = run_of(pack, "failed")
    reader = V1Client(make_api_key(tenant=acme, scopes=("schedules:read",))[1])

    assert reader.get(f"{ADDRESS}{run.pk}/").status_code == 200
    assert code(reader.post(f"{ADDRESS}{run.pk}/retry-failed/")) == (403, "missing_scope")


def test_a_foreign_id_and_a_missing_one_are_answered_alike(acme_v1, globex, daily_calls):
    foreign, _job, _mails = run_of(make_schedule(tenant=globex, report=daily_calls), "failed")

    for method, verb in (("GET", ""), ("POST", "retry-failed/")):
        ours, theirs = (acme_v1.call(method, f"{ADDRESS}{pk}/{verb}").json() | {"request_id": ""} for pk in (uuid.uuid4(), foreign.pk))
        assert ours == theirs
        assert ours["status"] == 404
