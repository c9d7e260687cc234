from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.utils import timezone

from reports.models import Delivery, Grant, IdempotentRequest, JobEvent, Report, SnapshotJob
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.factories import (
    make_api_key,
    make_attempt,
    make_audience,
    make_delivery,
    make_dry_run,
    make_file,
    make_job,
    make_link,
    make_recipient,
    make_schedule,
    make_tenant,
)
from tests.reports.api.v1.conftest import V1Client, code
from tests.reports.engine.threads import together

ADDRESS = "/api/v1/jobs/"
WISH = {"report": "daily-calls", "formats": ["PDF"], "parameters": {"Region": ["North"]}}


@pytest.fixture(autouse=True)
def offered(daily_calls):
    return daily_calls


def test_a_job_is_asked_for_and_read_again(acme_v1, acme):
    made = acme_v1.post(ADDRESS, WISH | {"reference": "case-4711", "metadata": {"crm_id": "A-9"}})

    body = made.json()
    assert made.status_code == 201
    assert made["Location"].endswith(f"/api/v1/jobs/{body['id']}/")
    assert body == {
        "id": body["id"],
        "status": "queued",
        "report": "daily-calls",
        "formats": ["PDF"],
        "visuals": None,
        "parameters": {"Region": ["North"]},
        "resolved_parameters": body["resolved_parameters"],
        "lane": "scheduled",
        "trigger": "api",
        "schedule": None,
        "occurrence": None,
        "batch": None,
        "audience": None,
        "retry_of": None,
        "superseded_by": None,
        "recalled_at": None,
        "reference": "case-4711",
        "metadata": {"crm_id": "A-9"},
        "queue_position": None,
        "expected_start_at": None,
        "expected_end_at": None,
        "started_at": None,
        "ended_at": None,
        "deadline_at": body["deadline_at"],
        "release": "released",
        "failure": None,
        "files": [],
        "deliveries": {"pending": 0, "sent": 0, "failed": 0, "suppressed": 0},
        "tags": [{"key": "tenant_id", "source": "tenant"}],
        "attempts": [],
        "events": [{"at": body["created_at"], "type": "job.queued", "text": "Queued: By API key “integration”"}],
        "created_at": body["created_at"],
    }
    assert body["resolved_parameters"]["Region"] == ["North"]
    read = acme_v1.get(f"{ADDRESS}{body['id']}/")
    assert read.json() == body
    assert read["ETag"] == made["ETag"]
    assert acme_v1.get(f"{ADDRESS}{body['id']}/", if_none_match=made["ETag"]).status_code == 304


@pytest.mark.parametrize(
    ("body", "pointer", "code_"),
    [
        (WISH | {"formats": []}, "/formats", "min_length"),
        (WISH | {"formats": "PDF"}, "/formats", "invalid"),
        (WISH | {"formats": ["WORD"]}, "/formats/0", "invalid_choice"),
        (WISH | {"visuals": []}, "/visuals", "min_length"),
        (WISH | {"parameters": []}, "/parameters", "invalid"),
        (WISH | {"parameters": {"Region": []}}, "/parameters/Region", "invalid"),
        (WISH | {"parameters": {"Region": True}}, "/parameters/Region", "invalid"),
        (WISH | {"parameters": {"Region": {"relative": "today", "x": 1}}}, "/parameters/Region", "invalid"),
        (WISH | {"parameters": {"a/b~c": None}}, "/parameters/a~1b~0c", "invalid"),
        (WISH | {"metadata": {"a": 1}}, "/metadata", "invalid"),
        (WISH | {"lane": "fast"}, "/lane", "invalid_choice"),
        (WISH | {"deliver": "yes"}, "/deliver", "invalid"),
        (WISH | {"tenant": "globex"}, "/tenant", "unknown_field"),
        (WISH | {"session_tags": {"tenant_id": "globex"}}, "/session_tags", "unknown_field"),
    ],
)
def test_a_body_that_does_not_fit_is_400_with_its_place(acme_v1, body, pointer, code_):
    answer = acme_v1.post(ADDRESS, body)

    assert code(answer) == (400, "invalid_request")
    assert [(place["pointer"], place["code"]) for place in answer.json()["errors"]] == [(pointer, code_)]


@pytest.mark.parametrize(
    ("body", "code_", "pointer"),
    [
        (WISH | {"report": "nothing"}, "report_not_available", "/report"),
        (WISH | {"visuals": ["chart-9"], "formats": ["CSV"]}, "visual_not_offered", "/visuals"),
        (WISH | {"parameters": {"Colour": "red"}}, "parameter_unknown", "/parameters/Colour"),
        (WISH | {"parameters": {"Region": "Mars"}}, "parameter_value", "/parameters/Region"),
        (WISH | {"parameters": {"Region": {"relative": "some_day"}}}, "parameter_value", "/parameters/Region"),
        (WISH | {"audience": "00000000-0000-4000-8000-000000000000"}, "unknown_reference", "/audience"),
        (WISH | {"deliver": True}, "no_recipients", "/deliver"),
    ],
)
def test_what_fits_but_cannot_be_is_422_and_makes_nothing(acme_v1, acme, body, code_, pointer):
    answer = acme_v1.post(ADDRESS, body)

    assert code(answer) == (422, code_)
    assert [place["pointer"] for place in answer.json()["errors"]] == [pointer]
    with tenant_scope(acme):
        assert not SnapshotJob.objects.for_tenant(acme).exists()


def test_an_audience_narrows_the_rows_and_its_people_get_the_files(acme_v1, acme, daily_calls):
    desk = make_recipient(tenant=acme, email="desk@customer.example")
    audience = make_audience(schedule=make_schedule(tenant=acme, report=daily_calls), name="North", recipients=[desk])

    body = acme_v1.post(ADDRESS, WISH | {"audience": str(audience.pk), "deliver": True}).json()

    assert body["audience"] == str(audience.pk)
    assert body["deliveries"] == {"pending": 1, "sent": 0, "failed": 0, "suppressed": 0}
    with tenant_scope(acme):
        assert Delivery.objects.get(job=body["id"]).address == "desk@customer.example"


def test_another_companys_audience_is_as_good_as_none(acme_v1, globex, daily_calls):
    foreign = make_audience(schedule=make_schedule(tenant=globex, report=daily_calls), name="North")

    assert code(acme_v1.post(ADDRESS, WISH | {"audience": str(foreign.pk)})) == (422, "unknown_reference")


def test_a_full_queue_and_a_used_up_day_are_429(daily_calls):
    waits = V1Client(make_api_key(tenant=_who_may_run(daily_calls, max_waiting=0))[1])
    done = V1Client(make_api_key(tenant=_who_may_run(daily_calls, jobs_per_day=0))[1])

    assert code(waits.post(ADDRESS, WISH)) == (429, "queue_full")
    assert code(done.post(ADDRESS, WISH)) == (429, "quota_exceeded")


def test_an_ended_job_shows_its_files_its_attempts_and_its_story(acme_v1, acme, daily_calls):
    now = timezone.now()
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    file = make_file(job=job, attempt=make_attempt(job=job, ended_at=now))
    with tenant_scope(acme):
        JobEvent.objects.create(tenant=acme, job=job, at=now, type="completed")

    body = acme_v1.get(f"{ADDRESS}{job.pk}/").json()

    (shown,) = body["files"]
    assert (shown["id"], shown["name"], shown["sha256"]) == (str(file.pk), file.name, bytes(file.sha256).hex())
    assert [attempt["status"] for attempt in body["attempts"]] == ["completed"]
    assert body["events"][-1]["text"] == "Ready to download"
    assert not any(word in str(body) for word in (file.key, file.bucket, "http"))


def test_who_did_something_to_a_job_is_told_without_the_whole_address(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="cancelled")
    with tenant_scope(acme):
        job.note("cancelled", timezone.now(), actor="adam@acme.example")
        job.note("hidden", timezone.now(), actor="API key “data-lake”")

    told = [event["text"] for event in acme_v1.get(f"{ADDRESS}{job.pk}/").json()["events"]]

    assert told == ["Cancelled: By a•••@acme.example", "Removed from the list: By API key “data-lake”"]


def test_a_failed_job_says_why_in_our_words(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="failed", failure_code="result_missing")

    body = acme_v1.get(f"{ADDRESS}{job.pk}/").json()

    told = "QuickSight said that the report was ready, but a file was not there."
    assert body["failure"] == {"code": "result_missing", "message": told, "retryable": True}


def test_lists_are_filtered(acme_v1, acme, daily_calls):
    now = timezone.now()
    failed = make_job(
        tenant=acme, report=daily_calls, status="failed", trigger="api", reference="case-1", created_at=now - timedelta(hours=2)
    )
    done = make_job(tenant=acme, report=daily_calls, status="completed", trigger="page", created_at=now - timedelta(hours=1))

    def found(query: str) -> list[str]:
        return [row["id"] for row in acme_v1.get(f"{ADDRESS}?{query}").json()["results"]]

    hour_ago = (now - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert found("") == [str(done.pk), str(failed.pk)]
    assert found("order=created_at") == [str(failed.pk), str(done.pk)]
    assert found("status=failed,cancelled") == found("reference=case-1") == found("trigger=api") == [str(failed.pk)]
    assert found(f"created_after={hour_ago}") == found("status=completed") == [str(done.pk)]
    assert found(f"created_before={hour_ago}") == [str(failed.pk)]
    assert found("report=daily-calls") == found("")
    assert found("report=other") == found("batch=00000000-0000-4000-8000-000000000000") == []


def test_hidden_jobs_and_dry_runs_are_not_there(acme_v1, acme, daily_calls):
    hidden = make_job(tenant=acme, report=daily_calls, status="completed", hidden_at=timezone.now())
    dry = make_dry_run(tenant=acme, report=daily_calls)

    assert acme_v1.get(ADDRESS).json()["results"] == []
    assert [acme_v1.get(f"{ADDRESS}{job.pk}/").status_code for job in (hidden, dry)] == [404, 404]


def statements(captured) -> int:
    """Several may go in one message."""
    return sum(query["sql"].count(";") + 1 for query in captured)


def test_a_page_of_jobs_takes_the_same_queries_however_many_there_are(acme_v1, acme, daily_calls, django_assert_max_num_queries):
    for _ in range(3):
        job = make_job(tenant=acme, report=daily_calls, status="completed")
        make_file(job=job, attempt=make_attempt(job=job, ended_at=timezone.now()))
        make_job(tenant=acme, report=daily_calls)
    acme_v1.get(ADDRESS)

    with django_assert_max_num_queries(15) as three:
        acme_v1.get(ADDRESS)
    for _ in range(10):
        make_job(tenant=acme, report=daily_calls)
    with django_assert_max_num_queries(len(three)) as more:
        acme_v1.get(ADDRESS)
    with django_assert_max_num_queries(len(three)) as in_part:
        acme_v1.get(f"{ADDRESS}?fields=status")
    assert statements(more) == statements(three)
    assert statements(in_part) <= statements(three) - 5


def test_a_single_job_takes_the_same_queries_whatever_happened_to_it_and_fewer_in_part(
    acme_v1, acme, daily_calls, django_assert_max_num_queries
):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    make_file(job=job, attempt=make_attempt(job=job, ended_at=timezone.now()))
    acme_v1.get(f"{ADDRESS}{job.pk}/")

    with django_assert_max_num_queries(14) as little:
        acme_v1.get(f"{ADDRESS}{job.pk}/")
    with tenant_scope(acme):
        for number in range(2, 9):
            job.note("attempt_failed", timezone.now(), attempt=number, wait=60)
    for number in range(2, 9):
        make_attempt(job=job, number=number, ended_at=timezone.now(), failure_code="report_failed")
        make_delivery(job=job, status="sent")
    with django_assert_max_num_queries(len(little)) as much:
        acme_v1.get(f"{ADDRESS}{job.pk}/")
    with django_assert_max_num_queries(len(little)) as in_part:
        acme_v1.get(f"{ADDRESS}{job.pk}/?fields=status")
    assert statements(much) == statements(little)
    assert statements(in_part) <= statements(little) - 6


def test_a_waiting_job_is_cancelled_once_and_again(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls)

    first, again = (acme_v1.post(f"{ADDRESS}{job.pk}/cancel/") for _ in range(2))

    assert (first.status_code, first.json()["status"]) == (again.status_code, again.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize(("status", "code_"), [("running", "job_running"), ("completed", "job_already_ended")])
def test_a_job_that_does_not_wait_cannot_be_cancelled(acme_v1, acme, daily_calls, status, code_):
    job = make_job(tenant=acme, report=daily_calls, status=status)

    assert code(acme_v1.post(f"{ADDRESS}{job.pk}/cancel/")) == (409, code_)


def test_the_result_of_a_running_job_can_be_discarded_once_and_again(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="running")

    answers = [acme_v1.post(f"{ADDRESS}{job.pk}/cancel/", {"discard": True}) for _ in range(2)]

    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "running")] * 2
    assert answers[0].json() == answers[1].json() == acme_v1.get(f"{ADDRESS}{job.pk}/").json()
    assert [event["type"] for event in answers[1].json()["events"]] == ["job.discarded"]


@pytest.mark.parametrize("body", [b"null", b"[]", b'""', b'{"discard": null}', b'{"discard": 1}', b'{"x": 1}'])
def test_cancelling_takes_an_object_or_nothing(acme_v1, acme, daily_calls, body):
    job = make_job(tenant=acme, report=daily_calls)

    assert code(acme_v1.post(f"{ADDRESS}{job.pk}/cancel/", body)) == (400, "invalid_request")
    assert acme_v1.post(f"{ADDRESS}{job.pk}/cancel/").json()["status"] == "cancelled"


def test_an_attempt_whose_result_was_discarded_did_not_fail(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="cancelled")
    make_attempt(job=job, ended_at=timezone.now(), failure_code="discarded")

    body = acme_v1.get(f"{ADDRESS}{job.pk}/").json()

    assert [(attempt["status"], attempt["failure"]) for attempt in body["attempts"]] == [("discarded", None)]


def test_a_retry_is_a_new_job_that_points_at_the_old_one(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="failed", failure_code="result_missing")

    again = acme_v1.post(f"{ADDRESS}{job.pk}/retry/", idempotency_key="again")
    repeated = acme_v1.post(f"{ADDRESS}{job.pk}/retry/", idempotency_key="again")

    assert again.status_code == 201
    assert (again.json()["retry_of"], again.json()["trigger"]) == (str(job.pk), "retry")
    assert repeated.json() == again.json()


def test_a_correction_needs_a_reason_and_stands_in_place_of_the_first_once_it_is_ready(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed")

    blank = acme_v1.post(f"{ADDRESS}{job.pk}/restate/", {"because": "  "})
    made = acme_v1.post(f"{ADDRESS}{job.pk}/restate/", {"because": "Sunday was missing."}).json()
    with tenant_scope(acme):
        SnapshotJob.objects.filter(pk=made["id"]).update(status="completed", finished_at=timezone.now())

    assert code(blank) == (422, "reason_missing")
    assert acme_v1.get(f"{ADDRESS}{job.pk}/").json()["superseded_by"] == made["id"]


def test_a_job_is_withdrawn_once_and_gives_no_file_from_then_on(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed")
    file = make_file(job=job)
    link, _token = make_link(job=job)

    blank = acme_v1.post(f"{ADDRESS}{job.pk}/recall/", {"because": " "})
    withdrawn = acme_v1.post(f"{ADDRESS}{job.pk}/recall/", {"because": "Sunday was missing."})
    again = acme_v1.post(f"{ADDRESS}{job.pk}/recall/", {"because": "Sunday was missing."})

    assert code(blank) == (422, "reason_missing")
    assert withdrawn.status_code == 200
    assert withdrawn.json()["recalled_at"] is not None
    assert [file["kept_until"] for file in withdrawn.json()["files"]] == [None]
    assert code(again) == (409, "job_recalled")
    assert code(acme_v1.get(f"{ADDRESS}{job.pk}/files/{file.pk}/download/")) == (409, "job_recalled")
    linker = V1Client(make_api_key(tenant=acme, name="linker", scopes=("links:read", "links:write"))[1])
    assert code(linker.post("/api/v1/links/", {"job": str(job.pk)})) == (409, "job_recalled")
    assert linker.get(f"/api/v1/links/{link.pk}/").json()["recalled_at"] == withdrawn.json()["recalled_at"]


def test_a_job_without_files_cannot_be_withdrawn(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="running")

    assert code(acme_v1.post(f"{ADDRESS}{job.pk}/recall/", {"because": "Sunday was missing."})) == (409, "job_not_completed")


def test_a_correction_can_withdraw_the_first_at_once(acme_v1, acme, daily_calls):
    job = make_job(tenant=acme, report=daily_calls, status="completed")

    made = acme_v1.post(f"{ADDRESS}{job.pk}/restate/", {"because": "Sunday was missing.", "recall": True})

    assert made.status_code == 201
    assert made.json()["recalled_at"] is None
    assert acme_v1.get(f"{ADDRESS}{job.pk}/").json()["recalled_at"] is not None


def test_scopes_are_kept(acme, daily_calls):
    reader = V1Client(make_api_key(tenant=acme, name="reader", scopes=("jobs:read",))[1])
    other = V1Client(make_api_key(tenant=acme, name="other", scopes=("links:write",))[1])

    assert code(reader.post(ADDRESS, WISH)) == (403, "missing_scope")
    assert code(other.get(ADDRESS)) == (403, "missing_scope")
    assert other.get("/api/v1/reports/").status_code == 200


def test_what_is_offered_is_listed_with_its_parameters(acme_v1):
    listed = acme_v1.get("/api/v1/reports/").json()

    (report,) = listed["results"]
    region = next(parameter for parameter in report["parameters"] if parameter["name"] == "Region")
    assert (report["slug"], report["available"], report["unavailable_reason"]) == ("daily-calls", True, None)
    assert region == region | {"type": "string", "multiple": True, "choices": ["North", "South", "East", "West"], "pinned": False}
    assert acme_v1.get("/api/v1/reports/daily-calls/").json() == report
    assert code(acme_v1.get("/api/v1/reports/nothing/")) == code(acme_v1.get("/api/v1/reports/a%00b/")) == (404, "not_found")


@pytest.mark.django_db(transaction=True)
def test_the_same_key_fifty_times_at_once_makes_one_job_and_equal_answers(daily_calls):
    tenant = _who_may_run(daily_calls)
    secret = make_api_key(tenant=tenant)[1]
    answers: list[HttpResponse] = []

    faults = together(*[lambda: answers.append(V1Client(secret).post(ADDRESS, WISH, idempotency_key="order-4711"))] * 50)

    assert faults == []
    assert [answer.status_code for answer in answers] == [201] * 50
    assert len({answer.content for answer in answers}) == 1
    with tenant_scope(tenant):
        assert SnapshotJob.objects.for_tenant(tenant).count() == IdempotentRequest.objects.filter(tenant=tenant).count() == 1


def _who_may_run(report: Report, **fields: Any) -> Tenant:
    tenant = make_tenant(**fields)
    with tenant_scope(tenant):
        Grant.objects.create(tenant=tenant, report=report)
    return tenant
