"""Audiences over the API: rows are only ever narrowed, and the schedule's own recipients stay its own."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from reports.models import Audience, Report, Schedule
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import give_tags, make_api_key, make_audience, make_group, make_recipient, make_report, make_schedule
from tests.reports.api.v1.conftest import V1Client, code

ADDRESS = "/api/v1/audiences/"
RULES = [
    {"dataset": "calls", "enabled": True, "rules": [{"key": key, "delimiter": ",", "match_all": "*"} for key in ("tenant_id", "region")]}
]


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("audiences:write",))[1])


@pytest.fixture
def ruled(acme) -> Report:
    return make_report(slug="revenue", row_rules=RULES)


@pytest.fixture
def pack(acme, ruled) -> Schedule:
    return make_schedule(tenant=acme, report=ruled, slug="morning-pack")


def north(schedule, **others) -> dict:
    return {"schedule": str(schedule.pk), "name": "Northern managers", "tags": {"region": "north"}, "recipients": []} | others


def at(audience) -> str:
    return f"{ADDRESS}{audience.pk}/"


def test_an_audience_is_made_and_read_again(acme_v1, acme, pack):
    anna = make_recipient(tenant=acme)
    wanted = north(pack, recipients=[str(anna.pk)])

    made = acme_v1.post(ADDRESS, wanted)

    body = made.json()
    assert made.status_code == 201, body
    assert {name: body[name] for name in wanted} == wanted
    assert body["groups"] == []
    assert set(body) == {*wanted, "id", "groups", "destinations", "created_at", "updated_at", "version"}
    read = acme_v1.get(made["Location"].removeprefix("http://testserver"))
    assert read.json() == body
    assert read["ETag"] == made["ETag"]
    with tenant_scope(acme):
        assert [event.action for event in AuditEvent.objects.filter(tenant=acme)] == ["audience.created"]


@pytest.mark.parametrize(
    ("change", "pointer", "code_"),
    [
        ({"name": ""}, "/name", "blank"),
        ({"tags": {"region": 5}}, "/tags", "invalid"),
        ({"tags": ["region"]}, "/tags", "invalid"),
        ({"recipients": [5]}, "/recipients/0", "invalid"),
        ({"recipients": [str(uuid.uuid4())] * 5001}, "/recipients", "max_length"),
        ({"schedule": "morning-pack"}, "/schedule", "invalid"),
        ({"groups": []}, "/groups", "unknown_field"),
    ],
)
def test_a_body_that_does_not_fit_is_400_with_its_place(acme_v1, pack, change, pointer, code_):
    answer = acme_v1.post(ADDRESS, north(pack) | change)

    assert code(answer) == (400, "invalid_request")
    assert [(place["pointer"], place["code"]) for place in answer.json()["errors"]] == [(pointer, code_)]


@pytest.mark.parametrize(
    ("change", "expected", "pointer"),
    [
        ({"tags": {"tenant_id": "globex"}}, (422, "tag_not_narrowing"), "/tags/tenant_id"),
        ({"tags": {"region": "*"}}, (422, "tag_invalid"), "/tags"),
        ({"tags": {"region": "north,south"}}, (422, "tag_invalid"), "/tags"),
        ({"tags": {"town": "Bonn"}}, (422, "tag_invalid"), "/tags"),
        ({"name": "two\nlines"}, (422, "audience_invalid"), "/name"),
        ({"schedule": str(uuid.UUID(int=1))}, (422, "unknown_reference"), "/schedule"),
        ({"recipients": [str(uuid.UUID(int=1))]}, (422, "unknown_reference"), "/recipients/0"),
        ({"name": "SOUTH"}, (409, "slug_taken"), "/name"),
    ],
)
def test_what_fits_but_cannot_be_is_refused_with_its_place_and_stores_nothing(acme_v1, acme, pack, change, expected, pointer):
    make_audience(schedule=pack, name="South")

    answer = acme_v1.post(ADDRESS, north(pack) | change)

    assert code(answer) == expected
    assert [place["pointer"] for place in answer.json()["errors"]] == [pointer]
    with tenant_scope(acme):
        assert Audience.objects.count() == 1


def test_a_patch_changes_what_it_names(acme_v1, acme, pack):
    anna, ben = make_recipient(tenant=acme), make_recipient(tenant=acme)
    group = make_group(tenant=acme, name="Night desk")
    audience = make_audience(schedule=pack, name="North", session_tags={"region": "north"}, recipients=[anna], groups=[group])
    before = acme_v1.get(at(audience)).json()

    renamed = acme_v1.call("PATCH", at(audience), {"name": "The North"}).json()
    moved = acme_v1.call("PATCH", at(audience), {"recipients": [str(ben.pk)], "tags": {"region": "south"}}).json()

    assert before["groups"] == [{"id": str(group.pk), "name": "Night desk"}]
    assert {name for name in renamed if renamed[name] != before[name]} == {"name", "version", "updated_at"}
    assert {name for name in moved if moved[name] != renamed[name]} == {"recipients", "tags", "version", "updated_at"}
    assert moved["recipients"] == [str(ben.pk)]


def test_it_stays_with_its_schedule(acme_v1, pack):
    assert code(acme_v1.call("PATCH", at(make_audience(schedule=pack, name="North")), {"schedule": str(pack.pk)})) == (
        400,
        "invalid_request",
    )


def test_who_read_an_old_version_changes_nothing(acme_v1, acme, pack):
    audience = make_audience(schedule=pack, name="North")
    old = acme_v1.get(at(audience))
    acme_v1.call("PATCH", at(audience), {"recipients": [str(make_recipient(tenant=acme).pk)]})

    assert code(acme_v1.call("PATCH", at(audience), {"name": "Mine"}, if_match=old["ETag"])) == (412, "stale_version")
    assert code(acme_v1.call("DELETE", at(audience), if_match=old["ETag"])) == (412, "stale_version")


def test_the_schedules_own_recipients_are_changed_and_not_deleted(acme_v1, acme, pack):
    audience = make_audience(schedule=pack, recipients=[make_recipient(tenant=acme)])

    assert acme_v1.call("PATCH", at(audience), {"recipients": []}).json()["recipients"] == []
    assert code(acme_v1.call("PATCH", at(audience), {"tags": {"region": "north"}})) == (422, "audience_invalid")
    assert code(acme_v1.call("DELETE", at(audience))) == (409, "in_use")


def test_a_deleted_one_is_gone_and_its_people_stay(acme_v1, acme, pack):
    anna = make_recipient(tenant=acme)
    audience = make_audience(schedule=pack, name="North", recipients=[anna])

    assert acme_v1.call("DELETE", at(audience)).status_code == 204
    assert code(acme_v1.get(at(audience))) == (404, "not_found")
    assert acme_v1.get(f"/api/v1/recipients/{anna.pk}/").status_code == 200


def test_they_are_listed_by_schedule_without_those_of_deleted_ones(acme_v1, acme, ruled, pack):
    other, deleted = (make_schedule(tenant=acme, report=ruled) for _ in range(2))
    with tenant_scope(acme):
        Schedule.objects.filter(pk=deleted.pk).update(retired_at=deleted.created_at)
    ours, others, _gone = (make_audience(schedule=schedule, name="North") for schedule in (pack, other, deleted))

    assert {row["id"] for row in acme_v1.get(ADDRESS).json()["results"]} == {str(ours.pk), str(others.pk)}
    assert [row["id"] for row in acme_v1.get(f"{ADDRESS}?schedule={pack.pk}").json()["results"]] == [str(ours.pk)]


def test_a_page_asks_as_many_questions_however_many_it_shows(acme_v1, acme, pack):
    def questions():
        with CaptureQueriesContext(connection) as asked:
            assert acme_v1.get(ADDRESS).status_code == 200
        return len(asked)

    def add(number):
        make_audience(schedule=pack, name=f"{number}", recipients=[make_recipient(tenant=acme)], groups=[make_group(tenant=acme)])

    add(0)
    questions()  # the first use of a key in a minute is noted
    few = questions()
    for number in range(1, 6):
        add(number)

    assert questions() == few


def test_a_foreign_id_and_a_missing_one_are_answered_alike(acme_v1, globex, ruled):
    give_tags(globex, {"tenant_id": "globex"})
    foreign = make_audience(schedule=make_schedule(tenant=globex, report=ruled), name="North")

    for method in ("GET", "PATCH", "DELETE"):
        ours, theirs = (acme_v1.call(method, f"{ADDRESS}{pk}/", {}).json() | {"request_id": ""} for pk in (uuid.uuid4(), foreign.pk))
        assert ours == theirs
        assert ours["status"] == 404


def test_the_same_key_makes_one(acme_v1, acme, pack):
    first, again = (acme_v1.post(ADDRESS, north(pack), idempotency_key="first") for _ in range(2))

    assert first.status_code == 201
    assert again.json() == first.json()


def test_reading_needs_one_scope_and_writing_another(acme, pack):
    reader = V1Client(make_api_key(tenant=acme, scopes=("audiences:read",))[1])
    stranger = V1Client(make_api_key(tenant=acme, name="stranger", scopes=("schedules:write",))[1])

    assert reader.get(ADDRESS).status_code == 200
    assert code(reader.post(ADDRESS, north(pack))) == code(stranger.get(ADDRESS)) == (403, "missing_scope")
