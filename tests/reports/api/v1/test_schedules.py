"""Schedules over the API: what is stored, what is told, and what is refused with its place."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.models import Audience, Occurrence, PlannedLoad, Schedule
from reports.scheduling import next_run
from tenants.models import AuditEvent
from tenants.scope import engine_scope, tenant_scope
from tests.factories import make_api_key, make_audience, make_group, make_occurrence, make_recipient, make_report, make_schedule
from tests.reports.api.v1.conftest import V1Client, code

ADDRESS = "/api/v1/schedules/"
MORNING = {
    "slug": "weekday-morning",
    "name": "Weekday morning",
    "report": "daily-calls",
    "formats": ["PDF"],
    "parameters": {"Region": ["North"], "From": {"relative": "yesterday"}},
    "cron": "30 7 * * 1-5",
    "timezone": "Europe/Berlin",
    "starts_on": None,
    "ends_on": "2099-12-31",
    "missed": "all",
    "ready_by": "09:00",
    "paused": False,
    "attach": False,
    "skip_if_empty": False,
    "tell_owner": False,
    "subject": "Calls of {period}",
    "message": "Good morning,\nhere they are.",
    "cc": ["boss@customer.example"],
    "visuals": None,
}


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("schedules:write",))[1])


@pytest.fixture
def pack(acme, daily_calls) -> Schedule:
    return make_schedule(tenant=acme, report=daily_calls, name="Morning pack", slug="morning-pack")


def at(schedule) -> str:
    return f"{ADDRESS}{schedule.pk}/"


def told(tenant) -> list[str]:
    with tenant_scope(tenant):
        return list(
            AuditEvent.objects.filter(tenant=tenant, action__startswith="schedule.").order_by("at").values_list("action", flat=True)
        )


def test_a_schedule_is_made_and_read_again(acme_v1, acme, daily_calls):
    anna = make_recipient(tenant=acme)
    link = {"expires_in_days": 30, "max_uses": 50, "protection": "nothing"}

    made = acme_v1.post(ADDRESS, MORNING | {"recipients": [str(anna.pk)], "link": link})

    body = made.json()
    assert made.status_code == 201, body
    assert made["Location"].endswith(f"/api/v1/schedules/{body['id']}/")
    assert {name: body[name] for name in MORNING} == MORNING
    assert body["recipients"] == [str(anna.pk)]
    assert len(body["audiences"]) == 1
    assert body["link"] == link | {"has_passcode": False}
    assert body["last_occurrence"] is body["on_time_percent"] is None
    assert body["warnings"] == []
    read = acme_v1.get(made["Location"].removeprefix("http://testserver"))
    assert read.json() == body
    assert read["ETag"] == made["ETag"]
    assert told(acme) == ["schedule.created"]


def test_the_least_that_is_needed_takes_the_companys_defaults(acme_v1, acme, daily_calls):
    body = acme_v1.post(ADDRESS, {"report": "daily-calls", "formats": ["PDF"], "cron": "@daily"}).json()

    assert body["slug"] == "daily-call-volume"
    assert (body["timezone"], body["missed"], body["paused"], body["tell_owner"]) == (acme.timezone, "latest", False, True)
    assert body["name"] == ""
    assert body["link"] == {"expires_in_days": None, "max_uses": None, "protection": "nothing", "has_passcode": False}


def test_the_next_five_runs_stand_in_both_times_with_what_the_clocks_do(acme_v1, daily_calls):
    body = acme_v1.post(ADDRESS, MORNING | {"cron": "30 2 * 3 0L", "starts_on": "2032-01-01", "ready_by": None}).json()

    assert len(body["next_runs"]) == 5
    first = body["next_runs"][0]
    # The last Sunday of that March: the clock goes from 02:00 to 03:00.
    assert (first["at"], first["at_local"]) == ("2032-03-28T01:00:00.000000Z", "2032-03-28T03:00:00+02:00")
    assert "02:30 does not exist" in first["note"]


@pytest.mark.parametrize(
    ("change", "pointer", "code_"),
    [
        ({"cron": None}, "/cron", "null"),
        ({"cron": 5}, "/cron", "invalid"),
        ({"formats": []}, "/formats", "min_length"),
        ({"formats": ["DOCX"]}, "/formats/0", "invalid_choice"),
        ({"slug": "Weekday morning"}, "/slug", "invalid"),
        ({"ready_by": "9:00"}, "/ready_by", "invalid"),
        ({"starts_on": "2026-13-01"}, "/starts_on", "invalid"),
        ({"missed": "some"}, "/missed", "invalid_choice"),
        ({"link": {"max_uses": 0}}, "/link/max_uses", "min_value"),
        ({"link": {"passcode": "12345"}}, "/link/passcode", "min_length"),
        ({"link": {"days": 3}}, "/link/days", "unknown_field"),
        ({"recipients": ["anna@customer.example"]}, "/recipients/0", "invalid"),
        ({"audiences": []}, "/audiences", "unknown_field"),
    ],
)
def test_a_body_that_does_not_fit_is_400_with_its_place(acme_v1, daily_calls, change, pointer, code_):
    answer = acme_v1.post(ADDRESS, MORNING | change)

    assert code(answer) == (400, "invalid_request")
    assert [(place["pointer"], place["code"]) for place in answer.json()["errors"]] == [(pointer, code_)]


@pytest.mark.parametrize(
    ("change", "code_", "pointer"),
    [
        ({"report": "no-such-report"}, "report_not_available", "/report"),
        ({"cron": "every day"}, "invalid_cron", "/cron"),
        ({"cron": "0 0 31 2 *"}, "invalid_cron", "/cron"),
        ({"timezone": "Europe/Bielefeld"}, "invalid_timezone", "/timezone"),
        ({"starts_on": "2099-12-31", "ends_on": "2099-12-30"}, "end_before_start", "/ends_on"),
        ({"ends_on": "2020-01-01"}, "no_future_run", "/ends_on"),
        ({"parameters": {"Town": "Bonn"}}, "parameter_unknown", "/parameters/Town"),
        ({"parameters": {"Region": ["West Wing"]}}, "parameter_value", "/parameters/Region"),
        ({"visuals": ["no-such"], "formats": ["CSV"]}, "visual_not_offered", "/visuals"),
        ({"skip_if_empty": True}, "schedule_invalid", "/skip_if_empty"),
        ({"subject": "{nobody}"}, "schedule_invalid", "/subject"),
        ({"cc": ["nobody"]}, "recipient_invalid", "/cc"),
        ({"link": {"protection": "passcode"}}, "schedule_invalid", "/link/passcode"),
        ({"recipients": [str(uuid.UUID(int=1))]}, "unknown_reference", "/recipients/0"),
    ],
)
def test_what_fits_but_cannot_be_is_422_with_its_place_and_stores_nothing(acme_v1, acme, daily_calls, change, code_, pointer):
    created = acme_v1.post(ADDRESS, MORNING | change)
    previewed = acme_v1.post(f"{ADDRESS}preview/", MORNING | change)

    assert code(created) == code(previewed) == (422, code_)
    assert pointer in [place["pointer"] for place in created.json()["errors"]]
    assert created.json() | {"request_id": ""} == previewed.json() | {"request_id": ""}
    with tenant_scope(acme):
        assert not Schedule.objects.for_tenant(acme).exists()


def test_all_faults_are_named_at_once(acme_v1, daily_calls):
    answer = acme_v1.post(ADDRESS, MORNING | {"cron": "x", "subject": "{nobody}"})

    assert code(answer) == (422, "invalid_cron")
    assert {place["pointer"] for place in answer.json()["errors"]} == {"/cron", "/subject"}


def test_a_slug_is_given_once_also_that_of_a_deleted_one(acme_v1, acme, pack):
    assert acme_v1.call("DELETE", at(pack)).status_code == 204

    answer = acme_v1.post(ADDRESS, MORNING | {"slug": "morning-pack"})

    assert code(answer) == (409, "slug_taken")
    assert answer.json()["errors"][0]["pointer"] == "/slug"


def test_a_recipient_of_another_company_is_like_one_that_there_is_not(acme_v1, globex, daily_calls):
    foreign = make_recipient(tenant=globex)

    theirs = acme_v1.post(ADDRESS, MORNING | {"recipients": [str(foreign.pk)]})
    nobodys = acme_v1.post(ADDRESS, MORNING | {"recipients": [str(uuid.uuid4())]})

    assert theirs.json() | {"request_id": ""} == nobodys.json() | {"request_id": ""}


def test_the_same_key_makes_one(acme_v1, acme, daily_calls):
    first = acme_v1.post(ADDRESS, MORNING, idempotency_key="first")
    again = acme_v1.post(ADDRESS, MORNING, idempotency_key="first")

    assert again.json() == first.json()
    assert again["Idempotent-Replayed"] == "true"
    with tenant_scope(acme):
        assert Schedule.objects.for_tenant(acme).count() == 1


def test_a_patch_changes_what_it_names_and_leaves_groups_alone(acme_v1, acme, pack):
    anna, ben = (make_recipient(tenant=acme, email=f"{name}@customer.example") for name in ("anna", "ben"))
    make_audience(schedule=pack, recipients=[anna], groups=[make_group(tenant=acme, name="Night desk")])
    before = acme_v1.get(at(pack)).json()

    answer = acme_v1.call("PATCH", at(pack), {"cron": "0 6 * * *", "recipients": [str(ben.pk)], "link": {"max_uses": 5}})

    after = answer.json()
    assert answer.status_code == 200
    assert after["recipients"] == [str(ben.pk)]
    assert after["link"] == before["link"] | {"max_uses": 5}
    changed = {"cron", "recipients", "link", "next_runs", "updated_at", "version"}
    assert {name for name in after if after[name] != before[name]} == changed
    with tenant_scope(acme):
        audience = Audience.objects.get(schedule=pack)
        assert [group.name for group in audience.groups.all()] == ["Night desk"]


def test_who_read_an_old_version_changes_nothing(acme_v1, pack):
    old = acme_v1.get(at(pack))
    acme_v1.call("PATCH", at(pack), {"name": "Evening pack"})

    assert code(acme_v1.call("PATCH", at(pack), {"name": "Mine"}, if_match=old["ETag"])) == (412, "stale_version")
    assert code(acme_v1.call("DELETE", at(pack), if_match=old["ETag"])) == (412, "stale_version")
    assert acme_v1.get(at(pack), if_none_match=old["ETag"]).status_code == 200


def test_another_one_in_an_audience_is_another_version(acme_v1, acme, pack):
    old = acme_v1.get(at(pack))

    acme_v1.call("PATCH", at(pack), {"recipients": [str(make_recipient(tenant=acme).pk)]})

    assert acme_v1.get(at(pack))["ETag"] != old["ETag"]


def test_a_slug_cannot_be_changed(acme_v1, pack):
    assert code(acme_v1.call("PATCH", at(pack), {"slug": "other"})) == (400, "invalid_request")


def test_a_passcode_goes_in_and_never_out(acme_v1, acme, pack):
    answer = acme_v1.call("PATCH", at(pack), {"link": {"passcode": "open sesame"}})

    assert answer.json()["link"] == {"expires_in_days": None, "max_uses": None, "protection": "passcode", "has_passcode": True}
    assert "sesame" not in answer.content.decode()
    with tenant_scope(acme):
        assert check_password("open sesame", Schedule.objects.get(pk=pack.pk).link_passcode)
    off = acme_v1.call("PATCH", at(pack), {"link": {"protection": "nothing"}}).json()["link"]
    assert (off["protection"], off["has_passcode"]) == ("nothing", False)


def test_pausing_and_resuming_twice_is_the_same_as_once(acme_v1, acme, pack):
    states = [acme_v1.post(f"{at(pack)}{verb}/").json() for verb in ("pause", "pause", "resume", "resume")]

    assert [state["paused"] for state in states] == [True, True, False, False]
    assert [len(state["next_runs"]) for state in states] == [0, 0, 5, 5]
    assert told(acme) == ["schedule.paused", "schedule.resumed"]


def test_a_patch_pauses_too_and_one_that_is_made_may_begin_paused(acme_v1, acme, pack, daily_calls):
    assert acme_v1.call("PATCH", at(pack), {"paused": True}).json()["paused"] is True
    assert acme_v1.call("PATCH", at(pack), {"paused": False}).json()["paused"] is False

    made = acme_v1.post(ADDRESS, MORNING | {"paused": True}).json()

    assert made["paused"] is True
    assert told(acme) == ["schedule.paused", "schedule.resumed", "schedule.created", "schedule.paused"]


def test_one_that_the_portal_paused_says_why_and_goes_on_when_it_is_put_right(acme_v1, acme, pack):
    with tenant_scope(acme):
        Schedule.objects.filter(pk=pack.pk).update(enabled=False, fault="Its cron cannot be read.", cron="x", next_run_at=None)

    read = acme_v1.get(at(pack)).json()
    listed = acme_v1.get(ADDRESS).json()["results"]
    resumed = acme_v1.post(f"{at(pack)}resume/")
    mended = acme_v1.call("PATCH", at(pack), {"cron": "@daily"}).json()

    assert read["warnings"] == [{"code": "paused_by_portal", "text": "Its cron cannot be read."}]
    assert listed == [read]
    assert code(resumed) == (409, "schedule_fault")
    assert (mended["paused"], mended["warnings"], len(mended["next_runs"])) == (False, [], 5)


def test_running_it_now_makes_an_occurrence_once_for_each_key(acme_v1, acme, pack):
    first = acme_v1.post(f"{at(pack)}run/", idempotency_key="now")
    again = acme_v1.post(f"{at(pack)}run/", idempotency_key="now")
    other = acme_v1.post(f"{at(pack)}run/")

    body = first.json()
    assert [answer.status_code for answer in (first, again, other)] == [201] * 3
    assert first["Location"].endswith(f"/api/v1/occurrences/{body['id']}/")
    assert (body["schedule"], body["kind"], body["status"], body["jobs"]) == (str(pack.pk), "hand", "planned", [])
    assert again.json() == body
    with tenant_scope(acme):
        assert Occurrence.objects.for_tenant(acme).count() == 2


def test_a_report_that_is_gone_cannot_be_run(acme_v1, acme, pack):
    with tenant_scope(acme):
        acme.grants.update(withdrawn_at=timezone.now())

    assert code(acme_v1.post(f"{at(pack)}run/")) == (422, "report_not_available")


def test_a_deleted_one_is_gone_and_its_history_stays(acme_v1, acme, pack):
    run = make_occurrence(schedule=pack, status="delivered")

    assert acme_v1.call("DELETE", at(pack)).status_code == 204
    assert code(acme_v1.get(at(pack))) == (404, "not_found")
    assert code(acme_v1.call("DELETE", at(pack))) == (404, "not_found")
    assert code(acme_v1.post(f"{at(pack)}run/")) == (404, "not_found")
    assert acme_v1.get(ADDRESS).json()["results"] == []
    assert [row["id"] for row in acme_v1.get(f"{at(pack)}occurrences/").json()["results"]] == [str(run.pk)]
    assert told(acme) == ["schedule.retired"]


def test_what_a_preview_tells_is_what_is_made_then(acme_v1, acme, daily_calls):
    previewed = acme_v1.post(f"{ADDRESS}preview/", MORNING)

    assert previewed.status_code == 200
    assert set(previewed.json()) == {"next_runs", "warnings"}
    assert previewed.json()["next_runs"] == acme_v1.post(ADDRESS, MORNING).json()["next_runs"]


def test_a_promise_that_the_load_breaks_is_a_warning_everywhere(acme_v1, acme, daily_calls):
    made = acme_v1.post(ADDRESS, MORNING).json()
    with tenant_scope(acme):
        planned = next_run(Schedule.objects.get(pk=made["id"]), timezone.now())
    with engine_scope():
        PlannedLoad.objects.create(account_id=daily_calls.account_id, hour=planned.replace(minute=0), jobs=500, seconds=7200)

    read = acme_v1.get(f"{ADDRESS}{made['id']}/").json()
    previewed = acme_v1.post(f"{ADDRESS}preview/", MORNING).json()

    assert [warning["code"] for warning in read["warnings"]] == ["late"]
    assert "09:30" in read["warnings"][0]["text"]
    assert previewed["warnings"] == read["warnings"]


def test_how_its_runs_went_stands_in_it(acme_v1, acme, pack):
    now = timezone.now().replace(second=0, microsecond=0)
    late, in_time = now - timedelta(days=2), now - timedelta(days=1)
    make_occurrence(schedule=pack, planned_at=late, status="delivered", ended_at=late + timedelta(hours=1))
    make_occurrence(schedule=pack, planned_at=in_time, status="delivered", ended_at=in_time + timedelta(minutes=1))
    make_occurrence(schedule=pack, planned_at=now - timedelta(days=3), status="skipped")
    newest = make_occurrence(schedule=pack, planned_at=now, status="running")

    body = acme_v1.get(at(pack)).json()

    assert body["on_time_percent"] == 50
    assert body["last_occurrence"] == {"id": str(newest.pk), "planned_at": f"{now:%Y-%m-%dT%H:%M:%S}.000000Z", "status": "running"}


def test_filters_and_fields(acme_v1, acme, pack, daily_calls):
    other = make_schedule(tenant=acme, report=make_report(slug="costs"), slug="costs", enabled=False)

    def listed(query):
        return {row["id"] for row in acme_v1.get(f"{ADDRESS}?{query}").json()["results"]}

    assert listed("") == {str(pack.pk), str(other.pk)}
    assert listed("slug=morning-pack,none") == {str(pack.pk)}
    assert listed("report=costs") == {str(other.pk)}
    assert listed("paused=true") == {str(other.pk)}
    assert listed("paused=false") == {str(pack.pk)}
    assert set(acme_v1.get(f"{ADDRESS}?fields=slug,next_runs").json()["results"][0]) == {"id", "slug", "next_runs"}


def test_a_page_asks_as_many_questions_however_many_it_shows(acme_v1, acme, daily_calls):
    def questions():
        with CaptureQueriesContext(connection) as asked:
            assert acme_v1.get(f"{ADDRESS}?limit=200").status_code == 200
        return len(asked)

    def add():
        made = make_schedule(tenant=acme, report=daily_calls, ready_by="09:00")
        make_audience(schedule=made, recipients=[make_recipient(tenant=acme)])
        make_occurrence(schedule=made, status="delivered")

    add()
    questions()  # the first use of a key in a minute is noted
    few = questions()
    for _ in range(5):
        add()

    assert questions() == few


def test_reading_needs_one_scope_and_writing_another(acme, pack):
    reader = V1Client(make_api_key(tenant=acme, scopes=("schedules:read",))[1])
    stranger = V1Client(make_api_key(tenant=acme, name="stranger", scopes=("jobs:write",))[1])

    assert reader.get(at(pack)).status_code == 200
    for method, path in (("POST", ADDRESS), ("POST", f"{at(pack)}run/"), ("PATCH", at(pack)), ("DELETE", at(pack))):
        assert code(reader.call(method, path, {})) == (403, "missing_scope")
    assert code(stranger.get(ADDRESS)) == (403, "missing_scope")


def test_a_foreign_id_and_a_missing_one_are_answered_alike(acme_v1, globex, daily_calls):
    foreign = make_schedule(tenant=globex, report=daily_calls)

    for method, verb in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "pause/"), ("POST", "run/"), ("GET", "occurrences/")):
        ours, theirs = (acme_v1.call(method, f"{ADDRESS}{pk}/{verb}", {}).json() | {"request_id": ""} for pk in (uuid.uuid4(), foreign.pk))
        assert ours == theirs
        assert ours["status"] == 404


def test_one_whose_time_cannot_be_read_hides_no_other(acme_v1, acme, pack, daily_calls):
    make_schedule(tenant=acme, report=daily_calls, timezone="Europe/Bielefeld", ready_by="09:00")

    assert sorted(len(row["next_runs"]) for row in acme_v1.get(ADDRESS).json()["results"]) == [0, 5]


@pytest.mark.parametrize(
    ("member", "value"), [("ready_by", "09:00\n"), ("ready_by", "0\u0669:00"), ("slug", "weekday-morning\n"), ("report", "daily-calls\n")]
)
def test_a_line_break_at_the_end_and_the_digits_of_other_scripts_are_refused_with_their_place(acme_v1, daily_calls, member, value):
    answer = acme_v1.post(ADDRESS, MORNING | {member: value})

    assert code(answer) == (400, "invalid_request")
    assert [place["pointer"] for place in answer.json()["errors"]] == [f"/{member}"]
