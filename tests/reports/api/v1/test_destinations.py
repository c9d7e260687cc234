"""Destinations over the API: secrets go in and never out, and go to nobody but whom they were given for."""

from __future__ import annotations

import logging
import uuid

import asyncssh
import pytest

from reports.destinations import choosing, host_keys, secrets
from reports.models import Audience, Delivery, Destination
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_destination, make_grant, make_job, make_report, make_schedule
from tests.reports.api.v1.conftest import V1Client, code
from tests.reports.webhooks.conftest import receiver

__all__ = ["receiver"]
ADDRESS = "/api/v1/destinations/"
PASSWORD = "s3same-open"
SFTP = {"kind": "sftp", "name": "Head office", "config": {"host": "203.0.114.7", "username": "reports"}, "secret": PASSWORD}
S3 = {
    "kind": "s3",
    "name": "Lake",
    "config": {"bucket": "acme-lake", "region": "eu-central-1", "role_arn": "arn:aws:iam::210987654321:role/writer"},
}


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("destinations:write", "schedules:write", "audiences:write", "jobs:read"))[1])


def at(destination, verb="") -> str:
    return f"{ADDRESS}{destination.pk}/{verb}"


def of(tenant) -> list[Destination]:
    with tenant_scope(tenant):
        return list(Destination.objects.for_tenant(tenant).order_by("created_at"))


def test_a_server_is_made_and_its_password_told_to_nobody(acme_v1, acme, caplog):
    caplog.set_level(logging.DEBUG)
    made = acme_v1.post(ADDRESS, SFTP, idempotency_key="1")

    body = made.json()
    assert made.status_code == 201
    assert body | {"id": "", "created_at": "", "updated_at": "", "secret_set_at": "set"} == {
        "id": "",
        "kind": "sftp",
        "name": "Head office",
        "config": SFTP["config"]
        | {
            "port": 22,
            "sign_in": "password",
            "folder": "/",
            "file_name": "{report}_{date}_{time}.{ext}",
            "public_key": "",
            "host_key": "",
        },
        "secret_set_at": "set",
        "status": "untested",
        "failure": None,
        "failing_since": None,
        "last_test": None,
        "last_sent_at": None,
        "created_at": "",
        "updated_at": "",
        "version": 1,
    }
    again = acme_v1.get(made["Location"].removeprefix("http://testserver"))
    assert (again.json(), again["ETag"]) == (body, made["ETag"])
    assert acme_v1.get(ADDRESS).json()["results"] == [body]
    (row,) = of(acme)
    assert secrets.read(row) == PASSWORD
    with tenant_scope(acme):
        told = "".join(str(vars(event)) for event in AuditEvent.objects.filter(tenant=acme))
    assert PASSWORD not in f"{body} {told} {caplog.text}"


def test_asked_twice_with_one_key_there_is_one(acme_v1, acme):
    first = acme_v1.post(ADDRESS, SFTP, idempotency_key="1")

    again = acme_v1.post(ADDRESS, SFTP, idempotency_key="1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert len(of(acme)) == 1
    assert code(acme_v1.post(ADDRESS, SFTP)) == (409, "destination_exists")


def test_a_bucket_answers_with_the_external_id(acme_v1):
    made = acme_v1.post(ADDRESS, S3).json()

    assert made["config"]["external_id"].startswith("fanfold-")
    assert (made["secret_set_at"], "host" in made["config"]) == (None, False)


def test_a_key_pair_shows_its_public_half(acme_v1):
    made = acme_v1.post(ADDRESS, {**SFTP, "config": SFTP["config"] | {"sign_in": "key"}, "secret": "unused"}).json()

    assert made["config"]["public_key"].startswith("ssh-ed25519 ")
    assert "PRIVATE" not in str(made)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({**SFTP, "kind": "ftp"}, (400, "invalid_request")),
        ({**SFTP, "config": SFTP["config"] | {"path": "/in"}}, (400, "invalid_request")),
        ({**SFTP, "config": SFTP["config"] | {"bucket": "b"}}, (422, "destination_invalid")),
        ({**SFTP, "config": SFTP["config"] | {"port": 25}}, (422, "destination_invalid")),
        ({**SFTP, "config": SFTP["config"] | {"host": "127.0.0.1"}}, (422, "address_refused")),
        ({**SFTP, "config": SFTP["config"] | {"folder": "/../x"}}, (422, "destination_invalid")),
        ({**SFTP, "config": SFTP["config"] | {"host_key": "ssh-rsa x"}}, (422, "destination_invalid")),
        ({"kind": "sftp", "name": "x", "config": SFTP["config"]}, (422, "destination_invalid")),
        ({"kind": "slack", "name": "x", "secret": "https://hooks.example.com/x"}, (422, "address_refused")),
        ({"kind": "s3", "name": "x"}, (422, "destination_invalid")),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(acme_v1, acme, body, expected, monkeypatch):
    monkeypatch.setattr("reports.outbound.addresses._look_up", lambda host, port: [host if host[0].isdigit() else "203.0.114.9"])

    assert code(acme_v1.post(ADDRESS, body)) == expected
    assert of(acme) == []


def test_a_company_has_fifty(acme_v1, acme):
    for number in range(50):
        make_destination(tenant=acme, name=str(number))

    assert code(acme_v1.post(ADDRESS, S3)) == (422, "destination_limit")


def test_a_change_leaves_out_what_stays_and_another_server_needs_the_password(acme_v1, acme):
    acme_v1.post(ADDRESS, SFTP)
    (row,) = of(acme)

    changed = acme_v1.call("PATCH", at(row), {"config": {"folder": "/out"}})
    moved = acme_v1.call("PATCH", at(row), {"config": {"host": "203.0.114.8"}})

    assert (changed.status_code, changed.json()["config"]["folder"], changed.json()["version"]) == (200, "/out", 2)
    assert code(moved) == (422, "destination_invalid")
    assert moved.json()["errors"][0]["pointer"] == "/secret"
    assert acme_v1.call("PATCH", at(row), {"config": {"host": "203.0.114.8"}, "secret": "new"}).status_code == 200
    assert secrets.read(of(acme)[0]) == "new"
    assert code(acme_v1.call("PATCH", at(row), {"name": "x"}, if_match='"1"')) == (412, "stale_version")


def test_a_host_key_is_pinned_by_a_change_and_audited_alone(acme_v1, acme):
    row = make_destination(tenant=acme)
    line = host_keys.line_of(asyncssh.generate_private_key("ssh-ed25519"))

    changed = acme_v1.call("PATCH", at(row), {"config": {"host_key": line}})

    assert changed.json()["config"]["host_key"] == line
    with tenant_scope(acme):
        (event,) = AuditEvent.objects.filter(tenant=acme, action__startswith="destination.")
    assert (event.action, event.after["host_key"]) == ("destination.host_key_pinned", host_keys.fingerprint(line))


def test_a_test_answers_200_whatever_came_of_it(acme_v1, acme, receiver):
    row = make_destination(tenant=acme, kind="slack", config={}, secret=receiver.url)
    receiver.answers(404)

    failed = acme_v1.post(at(row, "test/"))
    receiver.answers(200)
    passed = acme_v1.post(at(row, "test/"))

    assert (failed.status_code, failed.json()["ok"], failed.json()["steps"][0]["state"]) == (200, False, "failed")
    assert (passed.status_code, passed.json()["ok"]) == (200, True)
    assert acme_v1.get(at(row)).json()["last_test"]["ok"]
    assert "the-secret" not in f"{failed.json()} {acme_v1.get(at(row)).json()}"


def test_one_that_is_used_is_not_deleted(acme_v1, acme):
    row = make_destination(tenant=acme)
    report = make_report()
    make_grant(tenant=acme, report=report)
    schedule = make_schedule(tenant=acme, report=report)
    with tenant_scope(acme):
        audience = Audience.objects.create(tenant=acme, schedule=schedule, name="")
        choosing.put(audience, [row])

    refused = acme_v1.call("DELETE", at(row))
    assert code(refused) == (409, "in_use")
    assert acme_v1.call("PATCH", f"/api/v1/schedules/{schedule.pk}/", {"destinations": []}).status_code == 200
    assert acme_v1.call("DELETE", at(row)).status_code == 204
    assert of(acme) == []


def test_schedules_and_audiences_take_and_tell_destinations(acme_v1, acme, globex):
    row, foreign = make_destination(tenant=acme), make_destination(tenant=globex)
    report = make_report()
    make_grant(tenant=acme, report=report)
    wish = {"report": report.slug, "formats": ["PDF"], "cron": "@daily", "destinations": [str(row.pk)]}

    made = acme_v1.post("/api/v1/schedules/", wish)
    audience = acme_v1.post("/api/v1/audiences/", {"schedule": made.json()["id"], "name": "Desk", "destinations": [str(row.pk)]})

    assert (made.status_code, made.json()["destinations"]) == (201, [str(row.pk)])
    assert (audience.status_code, audience.json()["destinations"]) == (201, [str(row.pk)])
    for pk in (str(foreign.pk), str(uuid.uuid4())):
        refused = acme_v1.post("/api/v1/schedules/", wish | {"destinations": [pk]})
        assert (code(refused), refused.json()["errors"][0]["pointer"]) == ((422, "unknown_reference"), "/destinations/0")


def test_a_delivery_names_its_destination(acme_v1, acme, now):
    row = make_destination(tenant=acme)
    job = make_job(tenant=acme, report=make_report(), status="completed")
    with tenant_scope(acme):
        Delivery.objects.create(tenant=acme, job=job, destination=row, channel="sftp", created_at=now)

    (told,) = acme_v1.get(f"/api/v1/jobs/{job.pk}/deliveries/?destination={row.pk}").json()["results"]

    assert (told["destination"], told["channel"], told["recipient_masked"]) == (str(row.pk), "sftp", "")


def test_a_foreign_one_is_as_good_as_none(acme_v1, globex):
    foreign = make_destination(tenant=globex)

    for method, verb in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "test/")):
        there = acme_v1.call(method, at(foreign, verb), {} if method == "PATCH" else None)
        nowhere = acme_v1.call(method, f"{ADDRESS}{uuid.uuid4()}/{verb}", {} if method == "PATCH" else None)
        assert code(there) == code(nowhere) == (404, "not_found")


def test_a_key_without_the_scope_is_refused(acme):
    reader = V1Client(make_api_key(tenant=acme, scopes=("destinations:read",))[1])
    other = V1Client(make_api_key(tenant=acme, name="Other", scopes=("webhooks:write",))[1])

    assert reader.get(ADDRESS).status_code == 200
    assert code(reader.post(ADDRESS, S3)) == (403, "missing_scope")
    assert code(other.get(ADDRESS)) == (403, "missing_scope")
