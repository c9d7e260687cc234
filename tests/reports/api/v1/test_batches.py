from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from reports.api.v1.batches import MAX_BODY
from reports.batches import cancelling
from reports.models import Batch, Delivery, SnapshotJob
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_api_key, make_recipient
from tests.reports.api.v1.conftest import V1Client, code
from tests.reports.engine.threads import together
from tests.reports.occurrences.steps import complete

ADDRESS = "/api/v1/batches/"
LINE = {"report": "daily-calls", "formats": ["PDF"]}
COUNTS = {"total": 2, "queued": 2, "running": 0, "completed": 0, "failed": 0, "cancelled": 0}


def post(client: V1Client, *items, **members):
    return client.post(ADDRESS, {"items": list(items)} | members, idempotency_key=str(uuid.uuid4()))


def jobs_of(tenant) -> list[SnapshotJob]:
    with tenant_scope(tenant):
        return list(SnapshotJob.objects.select_related("tenant", "report").order_by("reference"))


def places(answer) -> list[tuple[str, str]]:
    return [(place["pointer"], place["code"]) for place in answer.json()["errors"]]


def test_a_batch_is_made_and_read_again(acme_v1, acme, daily_calls):
    kim = make_recipient(tenant=acme, email="kim@customer.example")
    full = LINE | {
        "visuals": None,
        "parameters": {"Region": ["North"], "From": {"relative": "previous_month", "part": "start"}},
        "recipients": [str(kim.pk)],
        "emails": ["lee@customer.example"],
        "reference": "row 1",
        "metadata": {"crm": "A-9"},
        "lane": "now",
    }

    made = post(acme_v1, full, LINE | {"reference": "row 2"}, reference="month-end")

    body = made.json()
    assert made.status_code == 201
    assert made["Location"].endswith(f"/api/v1/batches/{body['id']}/")
    assert {name: body[name] for name in ("status", "reference", "counts", "ended_at")} == {
        "status": "queued",
        "reference": "month-end",
        "counts": COUNTS,
        "ended_at": None,
    }
    assert acme_v1.get(f"{ADDRESS}{body['id']}/").json() == body
    first, second = jobs_of(acme)
    assert (first.lane, first.metadata, first.parameters["Region"], second.lane) == (0, {"crm": "A-9"}, ["North"], 1)
    with tenant_scope(acme):
        assert sorted(Delivery.objects.values_list("address", flat=True)) == ["kim@customer.example", "lee@customer.example"]


def test_it_tells_how_far_it_has_come(acme_v1, acme, daily_calls):
    made = post(acme_v1, LINE, LINE).json()
    first, second = jobs_of(acme)
    complete(first, timezone.now())
    half = acme_v1.get(f"{ADDRESS}{made['id']}/").json()
    complete(second, timezone.now())

    whole = acme_v1.get(f"{ADDRESS}{made['id']}/").json()

    assert (half["status"], half["counts"], half["ended_at"]) == ("running", COUNTS | {"queued": 1, "completed": 1}, None)
    assert (whole["status"], whole["counts"]) == ("finished", COUNTS | {"queued": 0, "completed": 2})
    assert whole["ended_at"] is not None


@pytest.mark.parametrize(
    ("body", "pointer", "code_"),
    [
        ({}, "/items", "required"),
        ({"items": []}, "/items", "min_length"),
        ({"items": [LINE] * 1001}, "/items", "max_length"),
        ({"items": [LINE, {"report": "daily-calls"}]}, "/items/1/formats", "required"),
        ({"items": [LINE | {"formats": ["DOCX"]}]}, "/items/0/formats/0", "invalid_choice"),
        ({"items": [LINE | {"formats": []}]}, "/items/0/formats", "min_length"),
        ({"items": [LINE | {"recipients": ["x"]}]}, "/items/0/recipients/0", "invalid"),
        ({"items": [LINE | {"lane": "fast"}]}, "/items/0/lane", "invalid_choice"),
        ({"items": [LINE | {"tags": {}}]}, "/items/0/tags", "unknown_field"),
        ({"items": [LINE | {"metadata": {"a": 1}}]}, "/items/0/metadata", "invalid"),
        ({"items": [LINE], "reference": "x" * 201}, "/reference", "max_length"),
    ],
)
def test_a_body_that_does_not_fit_is_400_with_its_place(body, pointer, code_, acme_v1, acme, daily_calls):
    answer = acme_v1.post(ADDRESS, body, idempotency_key="a")

    assert code(answer) == (400, "invalid_request")
    assert places(answer) == [(pointer, code_)]
    assert jobs_of(acme) == []


def test_every_line_that_cannot_be_is_named_and_nothing_is_made(acme_v1, acme, globex, daily_calls):
    foreign = make_recipient(tenant=globex)

    answer = post(
        acme_v1, LINE, LINE | {"report": "nothing"}, LINE | {"recipients": [str(foreign.pk)]}, LINE | {"parameters": {"Region": ["Mars"]}}
    )

    assert code(answer) == (422, "batch_invalid")
    assert answer.json()["detail"] == "3 lines are wrong. Nothing was made."
    assert places(answer) == [
        ("/items/1/report", "does_not_exist"),
        ("/items/2/recipients/0", "does_not_exist"),
        ("/items/3/parameters/Region", "parameter_value"),
    ]
    assert jobs_of(acme) == []


def test_what_is_too_much_for_the_company_is_429(acme_v1, acme, daily_calls):
    with platform_scope():
        type(acme).objects.filter(pk=acme.pk).update(max_waiting=1)
    waiting = post(acme_v1, LINE, LINE)
    with platform_scope():
        type(acme).objects.filter(pk=acme.pk).update(max_waiting=None, jobs_per_day=1)

    assert code(waiting) == (429, "queue_full")
    assert code(post(acme_v1, LINE, LINE)) == (429, "quota_exceeded")


def test_a_body_may_have_5_mib_and_no_more(acme_v1, acme, daily_calls):
    blank = b" " * (2 * 1024 * 1024)
    body = b'{"items": [{"report": "daily-calls", "formats": ["PDF"]}]}'

    assert acme_v1.post(ADDRESS, body + blank, idempotency_key="a").status_code == 201
    answer = acme_v1.post(ADDRESS, body + b" " * MAX_BODY, idempotency_key="b")
    assert code(answer) == (413, "body_too_large")
    assert "5242880" in answer.json()["detail"]


def test_a_key_for_repeating_is_needed_and_makes_one_batch(acme_v1, acme, daily_calls):
    assert code(acme_v1.post(ADDRESS, {"items": [LINE]})) == (400, "idempotency_key_required")
    first, second = (acme_v1.post(ADDRESS, {"items": [LINE]}, idempotency_key="a") for _ in range(2))

    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert len(jobs_of(acme)) == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_request_many_times_at_once_makes_one_batch(acme, daily_calls):
    secret, answers = make_api_key(tenant=acme)[1], []

    def ask() -> None:
        answers.append(V1Client(secret).post(ADDRESS, {"items": [LINE, LINE]}, idempotency_key="a"))

    assert together(*[ask] * 8) == []

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(jobs_of(acme)) == 2


class TestCancel:
    def test_what_waits_is_cancelled_and_asking_again_answers_the_same(self, acme_v1, acme, daily_calls):
        made = post(acme_v1, LINE, LINE).json()

        first, second = (acme_v1.post(f"{ADDRESS}{made['id']}/cancel/") for _ in range(2))

        assert (first.status_code, first.json()["status"], first.json()["counts"]) == (
            200,
            "finished",
            COUNTS | {"queued": 0, "cancelled": 2},
        )
        assert second.json() == first.json()
        assert {job.status for job in jobs_of(acme)} == {"cancelled"}

    def test_a_large_one_is_cancelled_in_several_transactions(self, acme_v1, acme, daily_calls, monkeypatch):
        monkeypatch.setattr(cancelling, "AT_ONCE", 2)
        made = post(acme_v1, *[LINE] * 5).json()

        assert acme_v1.post(f"{ADDRESS}{made['id']}/cancel/").json()["counts"]["cancelled"] == 5

    def test_it_takes_no_members(self, acme_v1, daily_calls):
        made = post(acme_v1, LINE).json()

        assert code(acme_v1.post(f"{ADDRESS}{made['id']}/cancel/", {"now": True})) == (400, "invalid_request")


def test_the_list_is_filtered_and_counts_only_where_it_is_asked_for(acme_v1, daily_calls, django_assert_max_num_queries):
    for reference in ("a", "b", "b"):
        post(acme_v1, LINE, reference=reference)

    with django_assert_max_num_queries(20):
        all_of_them = acme_v1.get(ADDRESS).json()["results"]
    some = acme_v1.get(f"{ADDRESS}?reference=b&fields=reference").json()["results"]

    assert [(row["reference"], row["counts"]["total"]) for row in all_of_them] == [("b", 1), ("b", 1), ("a", 1)]
    assert [set(row) for row in some] == [{"id", "reference"}] * 2


def test_another_companys_batch_is_as_if_it_were_not_there(acme_v1, globex_v1, globex, daily_calls):
    foreign = post(globex_v1, LINE).json()["id"]
    missing = "00000000-0000-4000-8000-000000000000"

    for method, rest in (("GET", ""), ("POST", "cancel/")):
        theirs, ours = (acme_v1.call(method, f"{ADDRESS}{batch}/{rest}").json() | {"request_id": ""} for batch in (foreign, missing))
        assert theirs == ours
        assert ours["code"] == "not_found"
    assert acme_v1.get(ADDRESS).json()["results"] == []
    with tenant_scope(globex):
        assert Batch.objects.get().open_jobs == 1


def test_reading_needs_jobs_read_and_making_needs_jobs_write(acme, daily_calls):
    none, reader = (V1Client(make_api_key(tenant=acme, name=scope, scopes=(scope,))[1]) for scope in ("usage:read", "jobs:read"))

    assert code(none.get(ADDRESS)) == (403, "missing_scope")
    assert reader.get(ADDRESS).status_code == 200
    assert code(post(reader, LINE)) == (403, "missing_scope")
    assert code(reader.post(f"{ADDRESS}{uuid.uuid4()}/cancel/")) == (403, "missing_scope")
