"""Links and downloads over the API: the address once, a passcode never, and taking back what was given."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from reports.links import find
from reports.models import Download, Link, SnapshotFile, SnapshotJob
from tenants.models import AuditEvent, Tenant
from tenants.scope import platform_scope, tenant_scope
from tests.factories import make_api_key, make_dry_run, make_file, make_job, make_link, make_recipient
from tests.reports.api.v1.conftest import V1Client, code

ADDRESS, DOWNLOADS = "/api/v1/links/", "/api/v1/downloads/"
NOW = timezone.now().replace(microsecond=0)


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("links:write",))[1])


@pytest.fixture
def job(acme, daily_calls) -> SnapshotJob:
    return make_job(tenant=acme, report=daily_calls, status="completed")


@pytest.fixture
def file(job) -> SnapshotFile:
    return make_file(job=job)


def at(link) -> str:
    return f"{ADDRESS}{link.pk}/"


def as_text(moment) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"


def downloaded(file, link=None, when=NOW, **fields) -> Download:
    with tenant_scope(file.tenant_id):
        return Download.objects.create(tenant_id=file.tenant_id, file=file, link=link, actor="link", at=when, **fields)


def test_a_link_is_made_and_read_again_without_its_address(acme_v1, acme, job, file):
    ends = NOW + timedelta(days=3)

    made = acme_v1.post(ADDRESS, {"job": str(job.pk), "expires_at": as_text(ends), "max_uses": 20})

    body = made.json()
    url = body.pop("url")
    assert made.status_code == 201
    assert body | {"id": "", "reference": "", "created_at": ""} == {
        "id": "",
        "reference": "",
        "job": str(job.pk),
        "recipient": None,
        "recipient_masked": None,
        "status": "active",
        "expires_at": as_text(ends),
        "max_uses": 20,
        "uses": 0,
        "protection": "nothing",
        "has_passcode": False,
        "last_download_at": None,
        "recalled_at": None,
        "created_at": "",
    }
    assert acme_v1.get(made["Location"].removeprefix("http://testserver")).json() == body
    with tenant_scope(acme):
        assert str(find(acme, url.rpartition("/")[2]).pk) == body["id"]
        assert [event.action for event in AuditEvent.objects.filter(tenant=acme)] == ["link.created"]


def test_without_terms_it_is_as_the_company_has_it(acme_v1, acme, job, file):
    body = acme_v1.post(ADDRESS, {"job": str(job.pk)}).json()

    assert body["max_uses"] == acme.link_max_uses
    with tenant_scope(acme):
        link = Link.objects.get(pk=body["id"])
    assert link.expires_at - link.created_at == timedelta(days=acme.link_days)


def test_one_for_a_recipient_can_ask_for_a_mailed_code(acme_v1, acme, job, file):
    anna = make_recipient(tenant=acme, email="anna@customer.example", language="de")

    body = acme_v1.post(ADDRESS, {"job": str(job.pk), "recipient": str(anna.pk), "protection": "mailed_code"}).json()

    assert (body["recipient"], body["recipient_masked"]) == (str(anna.pk), "a•••@customer.example")
    assert (body["protection"], body["has_passcode"]) == ("mailed_code", False)
    with tenant_scope(acme):
        link = Link.objects.get(pk=body["id"])
    assert (link.email, link.language) == ("anna@customer.example", "de")


def test_a_passcode_goes_in_and_never_out(acme_v1, job, file):
    made = acme_v1.post(ADDRESS, {"job": str(job.pk), "passcode": "open sesame"})

    assert (made.json()["protection"], made.json()["has_passcode"]) == ("passcode", True)
    assert "sesame" not in made.content.decode()


def test_the_same_key_shows_the_same_address(acme_v1, acme, job, file):
    first, again = (acme_v1.post(ADDRESS, {"job": str(job.pk)}, idempotency_key="first") for _ in range(2))

    assert again.json() == first.json()
    with tenant_scope(acme):
        assert Link.objects.for_tenant(acme).count() == 1


@pytest.mark.parametrize(
    ("change", "pointer", "code_"),
    [
        ({"job": None}, "/job", "null"),
        ({"max_uses": 1001}, "/max_uses", "max_value"),
        ({"passcode": "12345"}, "/passcode", "min_length"),
        ({"expires_at": "2099-01-01T00:00:00"}, "/expires_at", "invalid"),
        ({"protection": "mailed"}, "/protection", "invalid_choice"),
        ({"uses": 5}, "/uses", "unknown_field"),
    ],
)
def test_a_body_that_does_not_fit_is_400_with_its_place(acme_v1, job, change, pointer, code_):
    answer = acme_v1.post(ADDRESS, {"job": str(job.pk)} | change)

    assert code(answer) == (400, "invalid_request")
    assert [(place["pointer"], place["code"]) for place in answer.json()["errors"]] == [(pointer, code_)]


@pytest.mark.parametrize(
    ("change", "code_", "pointer"),
    [
        ({"job": str(uuid.UUID(int=1))}, "unknown_reference", "/job"),
        ({"recipient": str(uuid.UUID(int=1))}, "unknown_reference", "/recipient"),
        ({"expires_at": as_text(NOW - timedelta(days=1))}, "link_invalid", "/expires_at"),
        ({"expires_at": as_text(NOW + timedelta(days=91))}, "link_invalid", "/expires_at"),
        ({"protection": "mailed_code"}, "link_invalid", "/recipient"),
        ({"protection": "passcode"}, "link_invalid", "/passcode"),
        ({"max_uses": 1}, "link_invalid", "/protection"),
    ],
)
def test_what_fits_but_cannot_be_is_422_with_its_place(acme_v1, job, file, change, code_, pointer):
    answer = acme_v1.post(ADDRESS, {"job": str(job.pk)} | change)

    assert code(answer) == (422, code_)
    assert [place["pointer"] for place in answer.json()["errors"]] == [pointer]


def test_nobody_outside_the_companys_domains_gets_one(acme_v1, acme, job, file):
    anna = make_recipient(tenant=acme, email="anna@elsewhere.example")
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(recipient_domains=["customer.example"])

    answer = acme_v1.post(ADDRESS, {"job": str(job.pk), "recipient": str(anna.pk)})

    assert code(answer) == (422, "domain_not_allowed")
    assert [place["pointer"] for place in answer.json()["errors"]] == ["/recipient"]


def test_a_job_without_files_has_no_link(acme_v1, acme, daily_calls):
    queued = make_job(tenant=acme, report=daily_calls)
    gone = make_job(tenant=acme, report=daily_calls, status="completed")
    make_file(job=gone, purged_at=NOW)

    assert code(acme_v1.post(ADDRESS, {"job": str(queued.pk)})) == (409, "file_not_ready")
    assert code(acme_v1.post(ADDRESS, {"job": str(gone.pk)})) == (410, "file_gone")


def test_a_job_of_another_company_and_a_dry_run_are_like_one_that_there_is_not(acme_v1, acme, globex):
    foreign, dry = make_job(tenant=globex, status="completed"), make_dry_run(tenant=acme, status="completed")

    bodies = [acme_v1.post(ADDRESS, {"job": str(pk)}).json() | {"request_id": ""} for pk in (uuid.uuid4(), foreign.pk, dry.pk)]

    assert bodies[0]["code"] == "unknown_reference"
    assert bodies[0] == bodies[1] == bodies[2]


def test_each_status_is_found_and_no_link_has_two(acme_v1, acme, daily_calls, job):
    newer = make_job(tenant=acme, report=daily_calls, status="completed")
    made = {
        "active": make_link(job=job)[0],
        "expired": make_link(job=job, expires_at=NOW - timedelta(days=1), uses=50)[0],
        "used_up": make_link(job=job, uses=50, superseded_by=newer)[0],
        "revoked": make_link(job=job, revoked_at=NOW, uses=50, expires_at=NOW - timedelta(days=1))[0],
        "superseded": make_link(job=job, superseded_by=newer)[0],
    }

    found = {status: acme_v1.get(f"{ADDRESS}?status={status}").json()["results"] for status in made}
    two = acme_v1.get(f"{ADDRESS}?status=active,revoked").json()["results"]

    assert {status: [(row["id"], row["status"]) for row in rows] for status, rows in found.items()} == {
        status: [(str(link.pk), status)] for status, link in made.items()
    }
    assert {row["status"] for row in two} == {"active", "revoked"}


def test_they_are_listed_by_job_and_by_recipient(acme_v1, acme, daily_calls, job):
    anna = make_recipient(tenant=acme)
    of_job, _token = make_link(job=job)
    of_anna, _token = make_link(job=make_job(tenant=acme, report=daily_calls, status="completed"), recipient=anna, email=anna.email)

    def listed(query):
        return [row["id"] for row in acme_v1.get(f"{ADDRESS}?{query}").json()["results"]]

    assert listed(f"job={job.pk}") == [str(of_job.pk)]
    assert listed(f"recipient={anna.pk}") == [str(of_anna.pk)]


def test_revoking_twice_is_the_same_as_once(acme_v1, acme, job):
    link, _token = make_link(job=job)

    first, again = (acme_v1.post(f"{at(link)}revoke/") for _ in range(2))

    assert first.status_code == 200
    assert first.json() == again.json() == acme_v1.get(at(link)).json()
    assert first.json()["status"] == "revoked"
    with tenant_scope(acme):
        assert [event.action for event in AuditEvent.objects.filter(tenant=acme)] == ["link.revoked"]


def test_all_of_a_job_or_of_a_recipient_are_revoked_at_once(acme_v1, acme, daily_calls, job):
    anna = make_recipient(tenant=acme, email="anna@customer.example")
    other = make_job(tenant=acme, report=daily_calls, status="completed")
    make_link(job=job)
    make_link(job=other, email="anna@customer.example")
    make_link(job=other)

    assert acme_v1.post(f"{ADDRESS}revoke/", {"job": str(job.pk)}).json() == {"revoked": 1}
    assert acme_v1.post(f"{ADDRESS}revoke/", {"recipient": str(anna.pk)}).json() == {"revoked": 1}
    assert acme_v1.post(f"{ADDRESS}revoke/", {"job": str(job.pk)}).json() == {"revoked": 0}
    assert len(acme_v1.get(f"{ADDRESS}?status=active").json()["results"]) == 1


@pytest.mark.parametrize(
    ("body", "code_"),
    [
        ({}, "link_invalid"),
        ({"job": str(uuid.UUID(int=1)), "recipient": str(uuid.UUID(int=1))}, "link_invalid"),
        ({"job": str(uuid.UUID(int=1))}, "unknown_reference"),
        ({"recipient": str(uuid.UUID(int=1))}, "unknown_reference"),
    ],
)
def test_what_to_revoke_has_to_be_one_thing_that_there_is(acme_v1, body, code_):
    assert code(acme_v1.post(f"{ADDRESS}revoke/", body)) == (422, code_)


def test_every_download_is_told_of_newest_first(acme_v1, acme, job, file):
    anna = make_recipient(tenant=acme)
    link, _token = make_link(job=job, recipient=anna)
    by_link = downloaded(file, link, ip="192.0.2.7", user_agent="Firefox")
    signed_in = downloaded(file, when=NOW - timedelta(hours=1))

    rows = acme_v1.get(DOWNLOADS).json()["results"]

    assert [row["id"] for row in rows] == [str(by_link.pk), str(signed_in.pk)]
    facts = {"job": str(job.pk), "file": str(file.pk), "ip": "192.0.2.7", "user_agent": "Firefox"}
    assert rows[0] == facts | {"id": str(by_link.pk), "at": as_text(NOW), "link": str(link.pk), "recipient": str(anna.pk)}
    assert (rows[1]["link"], rows[1]["recipient"], rows[1]["ip"]) == (None, None, None)
    assert acme_v1.get(f"{at(link)}downloads/").json()["results"] == rows[:1]
    assert acme_v1.get(at(link)).json()["last_download_at"] == as_text(NOW)


def test_downloads_are_narrowed_to_a_link_a_job_and_a_time(acme_v1, acme, daily_calls, job, file):
    link, _token = make_link(job=job)
    by_link = downloaded(file, link)
    other = downloaded(make_file(job=make_job(tenant=acme, report=daily_calls, status="completed")), when=NOW - timedelta(hours=1))

    def listed(query):
        return [row["id"] for row in acme_v1.get(f"{DOWNLOADS}?{query}").json()["results"]]

    assert listed(f"link={link.pk}") == listed(f"job={job.pk}") == listed(f"at_after={as_text(NOW)}") == [str(by_link.pk)]
    assert listed(f"at_before={as_text(NOW)}") == [str(other.pk)]
    assert listed("order=at") == [str(other.pk), str(by_link.pk)]


def test_what_staff_looked_at_in_a_dry_run_is_not_told(acme_v1, acme):
    downloaded(make_file(job=make_dry_run(tenant=acme, status="completed")))

    assert acme_v1.get(DOWNLOADS).json()["results"] == []


def test_pages_of_downloads_show_every_row_once(acme_v1, file):
    made = {str(downloaded(file).pk) for _ in range(7)}

    seen, address = [], f"{DOWNLOADS}?limit=3"
    while address:
        page = acme_v1.get(address.replace("http://testserver", "")).json()
        seen += [row["id"] for row in page["results"]]
        address = page["next"]

    assert len(seen) == 7
    assert set(seen) == made


def test_a_page_asks_as_many_questions_however_many_it_shows(acme_v1, acme, job, file):
    def questions():
        with CaptureQueriesContext(connection) as asked:
            assert acme_v1.get(ADDRESS).status_code == acme_v1.get(DOWNLOADS).status_code == 200
        return len(asked)

    def add():
        downloaded(file, make_link(job=job, recipient=make_recipient(tenant=acme))[0])

    add()
    questions()  # the first use of a key in a minute is noted
    few = questions()
    for _ in range(5):
        add()

    assert questions() == few


def test_reading_needs_one_scope_and_writing_another(acme, job):
    link, _token = make_link(job=job)
    reader = V1Client(make_api_key(tenant=acme, scopes=("links:read",))[1])
    stranger = V1Client(make_api_key(tenant=acme, name="stranger", scopes=("jobs:write",))[1])

    assert reader.get(at(link)).status_code == reader.get(DOWNLOADS).status_code == 200
    for path in (ADDRESS, f"{ADDRESS}revoke/", f"{at(link)}revoke/"):
        assert code(reader.post(path, {})) == (403, "missing_scope")
    assert code(stranger.get(DOWNLOADS)) == code(stranger.get(ADDRESS)) == (403, "missing_scope")


def test_a_foreign_id_and_a_missing_one_are_answered_alike(acme_v1, globex):
    foreign, _token = make_link(job=make_job(tenant=globex, status="completed"))

    for method, verb in (("GET", ""), ("POST", "revoke/"), ("GET", "downloads/")):
        ours, theirs = (acme_v1.call(method, f"{ADDRESS}{pk}/{verb}").json() | {"request_id": ""} for pk in (uuid.uuid4(), foreign.pk))
        assert ours == theirs
        assert ours["status"] == 404
