from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import HttpResponse
from django.utils import timezone

from reports.models import IdempotentRequest, Recipient
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_recipient, make_tenant
from tests.reports.api.v1.conftest import V1Client, code
from tests.reports.engine.threads import together

ADDRESS = "/api/v1/recipients/"
DESK = {"name": "Night desk", "email": "desk@customer.example", "language": "de", "external_id": "crm-17"}


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("audiences:write",))[1])


def test_a_recipient_is_added_and_read_again(acme_v1):
    made = acme_v1.post(ADDRESS, DESK)

    body = made.json()
    read = acme_v1.get(f"{ADDRESS}{body['id']}")
    assert made.status_code == 201
    assert made["Location"].endswith(f"/api/v1/recipients/{body['id']}/")
    assert {name: body[name] for name in DESK} == DESK
    assert body["unsubscribed_at"] is body["last_download_at"] is None
    assert read.json() == body
    assert read["ETag"] == made["ETag"] == f'"{body["id"][:8]}-1"'


@pytest.mark.parametrize(
    ("body", "pointer", "code_"),
    [
        ({}, "/email", "required"),
        ({"email": 7}, "/email", "invalid"),
        ({"email": None}, "/email", "null"),
        ({"email": "a@b.example", "phone": "1"}, "/phone", "unknown_field"),
        ({"email": "a@b.example", "language": "xx"}, "/language", "invalid_choice"),
        ({"email": "a@b.example", "language": 1}, "/language", "invalid_choice"),
        ({"email": "a" * 255}, "/email", "max_length"),
        ([], "", "invalid"),
        ("x", "", "invalid"),
    ],
)
def test_a_body_that_does_not_fit_is_400_with_its_place(acme_v1, body, pointer, code_):
    answer = acme_v1.post(ADDRESS, body)

    assert code(answer) == (400, "invalid_request")
    assert [(place["pointer"], place["code"]) for place in answer.json()["errors"]] == [(pointer, code_)]


def test_what_fits_but_cannot_be_is_422_or_409(acme_v1, acme):
    make_recipient(tenant=acme, email=DESK["email"])

    assert code(acme_v1.post(ADDRESS, DESK)) == (409, "recipient_exists")
    assert code(acme_v1.post(ADDRESS, {"email": "no address"})) == (422, "recipient_invalid")


def test_an_external_id_is_given_once(acme_v1):
    acme_v1.post(ADDRESS, DESK)

    answer = acme_v1.post(ADDRESS, DESK | {"email": "other@customer.example"})

    assert code(answer) == (409, "recipient_exists")
    assert answer.json()["errors"][0]["pointer"] == "/external_id"


def test_a_patch_changes_what_it_names_and_counts_the_version(acme_v1):
    made = acme_v1.post(ADDRESS, DESK).json()

    changed = acme_v1.call("PATCH", f"{ADDRESS}{made['id']}/", {"name": "Day desk", "language": None})

    assert changed.status_code == 200
    assert changed.json() | {"updated_at": ""} == made | {"name": "Day desk", "language": None, "version": 2, "updated_at": ""}


def test_who_read_an_old_version_changes_nothing(acme_v1):
    made = acme_v1.post(ADDRESS, DESK)
    address = f"{ADDRESS}{made.json()['id']}/"
    acme_v1.call("PATCH", address, {"name": "Day desk"})

    stale = acme_v1.call("PATCH", address, {"name": "Late desk"}, if_match=made["ETag"])
    gone = acme_v1.call("DELETE", address, if_match=made["ETag"])
    fresh = acme_v1.call("PATCH", address, {"name": "Late desk"}, if_match=f'"x", W/{stale["ETag"]}')

    assert code(stale) == code(gone) == (412, "stale_version")
    assert fresh.json()["name"] == "Late desk"


def test_who_has_this_version_is_told_so(acme_v1):
    made = acme_v1.post(ADDRESS, DESK)
    address = f"{ADDRESS}{made.json()['id']}/"

    assert acme_v1.get(address, if_none_match=made["ETag"]).status_code == 304
    acme_v1.call("PATCH", address, {"name": "Day desk"})
    assert acme_v1.get(address, if_none_match=made["ETag"]).status_code == 200


def test_a_deleted_one_is_gone(acme_v1):
    address = f"{ADDRESS}{acme_v1.post(ADDRESS, DESK).json()['id']}/"

    assert acme_v1.call("DELETE", address).status_code == 204
    assert code(acme_v1.get(address)) == (404, "not_found")
    assert code(acme_v1.call("DELETE", address)) == (404, "not_found")


def test_a_foreign_id_and_a_missing_one_are_answered_alike(acme_v1, globex):
    foreign = make_recipient(tenant=globex)
    missing = f"{ADDRESS}00000000-0000-4000-8000-000000000000/"

    for method, body in (("GET", None), ("PATCH", {"name": "x"}), ("DELETE", None)):
        ours, theirs = (acme_v1.call(method, path, body).json() | {"request_id": ""} for path in (missing, f"{ADDRESS}{foreign.pk}/"))
        assert ours == theirs


def test_pages_show_every_row_once_forwards_and_backwards(acme_v1, acme):
    now = timezone.now()
    with tenant_scope(acme):
        made = [Recipient(tenant=acme, email=f"r{number}@customer.example") for number in range(23)]
        Recipient.objects.bulk_create(made)
        # One time for many, as a batch has it.
        Recipient.objects.for_tenant(acme).update(created_at=now)
        Recipient.objects.filter(pk__in=[row.pk for row in made[:3]]).update(created_at=now - timedelta(hours=1))

    forwards, pages, address = [], [], f"{ADDRESS}?limit=5&fields=email"
    while address:
        page = acme_v1.get(address).json()
        pages.append(page)
        forwards += [row["id"] for row in page["results"]]
        address = page["next"] and page["next"].replace("http://testserver", "")
    backwards = list(pages[-1]["results"])
    address = pages[-1]["previous"]
    while address:
        page = acme_v1.get(address).json()
        backwards = page["results"] + backwards
        address = page["previous"]

    assert [len(page["results"]) for page in pages] == [5, 5, 5, 5, 3]
    assert len(set(forwards)) == 23
    assert [row["id"] for row in backwards] == forwards
    assert set(pages[0]["results"][0]) == {"id", "email"}


@pytest.mark.parametrize("cursor", ["x", "a:b:c", "eyJ.x:1:2"])
def test_a_made_up_cursor_is_refused(acme_v1, cursor):
    assert code(acme_v1.get(f"{ADDRESS}?cursor={cursor}")) == (422, "invalid_cursor")


def test_a_cursor_continues_its_own_list_alone(acme_v1, acme, globex):
    for _ in range(3):
        make_recipient(tenant=acme)
        make_recipient(tenant=globex)
    following = acme_v1.get(f"{ADDRESS}?limit=1").json()["next"]
    cursor = following.partition("cursor=")[2]
    globex_v1 = V1Client(make_api_key(tenant=globex, scopes=("audiences:write",))[1])

    assert acme_v1.get(f"{ADDRESS}?limit=2&cursor={cursor}").status_code == 200
    assert code(acme_v1.get(f"{ADDRESS}?order=created_at&cursor={cursor}")) == (422, "invalid_cursor")
    assert code(acme_v1.get(f"{ADDRESS}?email=a&cursor={cursor}")) == (422, "invalid_cursor")
    assert code(globex_v1.get(f"{ADDRESS}?cursor={cursor}")) == (422, "invalid_cursor")


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("limit=0", ("invalid", "limit")),
        ("limit=201", ("invalid", "limit")),
        ("limit=x", ("invalid", "limit")),
        ("limit=1&limit=2", ("repeated", "limit")),
        ("order=email", ("invalid", "order")),
        ("fields=id,phone", ("invalid", "fields")),
        ("unsubscribed=yes", ("invalid", "unsubscribed")),
        ("page=2", ("unknown_parameter", "page")),
        ("email=", ("invalid", "email")),
        ("email=%00", ("invalid", "email")),
    ],
)
def test_a_query_that_does_not_fit_is_400(acme_v1, query, place):
    answer = acme_v1.get(f"{ADDRESS}?{query}")

    assert code(answer) == (400, "invalid_request")
    assert [(place["code"], place["parameter"]) for place in answer.json()["errors"]] == [place]


def test_the_same_key_and_body_make_one(acme_v1, acme):
    first = acme_v1.post(ADDRESS, DESK, idempotency_key="first")
    again = acme_v1.post(ADDRESS[:-1], dict(reversed(DESK.items())), idempotency_key='"first"')

    assert first.status_code == again.status_code == 201
    assert again.json() == first.json()
    assert (again["Location"], again["ETag"], again["Idempotent-Replayed"]) == (first["Location"], first["ETag"], "true")
    assert "Idempotent-Replayed" not in first
    with tenant_scope(acme):
        assert Recipient.objects.for_tenant(acme).count() == 1


def test_the_same_key_for_another_body_is_refused(acme_v1):
    acme_v1.post(ADDRESS, DESK, idempotency_key="first")

    assert code(acme_v1.post(ADDRESS, DESK | {"name": "Day desk"}, idempotency_key="first")) == (422, "idempotency_key_reused")


def test_what_was_refused_leaves_the_key_free(acme_v1, acme):
    assert acme_v1.post(ADDRESS, {"email": "no address"}, idempotency_key="first").status_code == 422

    assert acme_v1.post(ADDRESS, DESK, idempotency_key="first").status_code == 201


def test_two_companies_may_use_one_key_and_a_key_of_another_family_is_another(acme_v1, acme, globex):
    other = V1Client(make_api_key(tenant=globex, scopes=("audiences:write",))[1])
    second = V1Client(make_api_key(tenant=acme, name="second", scopes=("audiences:write",))[1])

    assert acme_v1.post(ADDRESS, DESK, idempotency_key="first").status_code == 201
    assert other.post(ADDRESS, DESK, idempotency_key="first").status_code == 201
    assert code(second.post(ADDRESS, DESK, idempotency_key="first")) == (409, "recipient_exists")


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 256])
def test_a_key_that_is_none_is_refused(acme_v1, key):
    assert code(acme_v1.post(ADDRESS, DESK, idempotency_key=key)) == (400, "invalid_idempotency_key")


def test_stored_answers_cannot_be_read_in_the_database(acme_v1, acme):
    acme_v1.post(ADDRESS, DESK, idempotency_key="first")

    with tenant_scope(acme):
        assert DESK["email"] not in IdempotentRequest.objects.get(tenant=acme).sealed_body


@pytest.mark.django_db(transaction=True)
def test_the_same_key_fifty_times_at_once_makes_one_and_equal_answers():
    tenant = make_tenant()
    secret = make_api_key(tenant=tenant, scopes=("audiences:write",))[1]

    answers: list[HttpResponse] = []

    faults = together(*[lambda: answers.append(V1Client(secret).post(ADDRESS, DESK, idempotency_key="first"))] * 50)

    assert faults == []
    assert [answer.status_code for answer in answers] == [201] * 50
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer for answer in answers) == 1
    with tenant_scope(tenant):
        assert Recipient.objects.for_tenant(tenant).count() == 1
