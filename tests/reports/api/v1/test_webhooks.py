"""Webhooks over the API: the secret once, and nothing of it again; an address is looked up before anything is written."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from reports.models import Webhook
from reports.outbound import addresses
from reports.webhooks import changing, secrets
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests.factories import make_api_key, make_webhook
from tests.reports.api.v1.conftest import V1Client, code

ADDRESS = "/api/v1/webhooks/"
URL = "https://203.0.114.7/reports"
WANTED = {"url": URL, "events": ["job.failed", "job.completed"], "description": "data lake"}


@pytest.fixture
def acme_v1(acme) -> V1Client:
    return V1Client(make_api_key(tenant=acme, scopes=("webhooks:write",))[1])


def at(webhook) -> str:
    return f"{ADDRESS}{webhook.pk}/"


def of(tenant) -> list[Webhook]:
    with tenant_scope(tenant):
        return list(Webhook.objects.for_tenant(tenant).order_by("created_at"))


def actions(tenant) -> list[str]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant, action__startswith="webhook.").order_by("at").values_list("action", flat=True))


def test_a_webhook_is_made_with_its_secret_and_read_again_without(acme_v1, acme):
    made = acme_v1.post(ADDRESS, WANTED)

    body = made.json()
    secret = body.pop("secret")
    assert made.status_code == 201
    assert body | {"id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "url": URL,
        "events": ["job.completed", "job.failed"],
        "description": "data lake",
        "status": "active",
        "disabled_reason": None,
        "secret_hint": secret[-4:],
        "old_secret_until": None,
        "created_at": "",
        "updated_at": "",
        "version": 1,
    }
    assert Verifier(secret)
    again = acme_v1.get(made["Location"].removeprefix("http://testserver"))
    assert (again.json(), again["ETag"]) == (body, made["ETag"])
    assert acme_v1.get(ADDRESS).json()["results"] == [body]
    assert actions(acme) == ["webhook.created"]


def test_asked_twice_with_one_key_there_is_one_webhook_with_one_secret(acme_v1, acme, monkeypatch):
    first = acme_v1.post(ADDRESS, WANTED, idempotency_key="1")
    monkeypatch.setattr(addresses, "_look_up", lambda *name: None)

    again = acme_v1.post(ADDRESS, WANTED, idempotency_key="1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert len(of(acme)) == 1


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"url": "http://203.0.114.7/"}, "address_refused"),
        ({"url": "https://127.0.0.1/"}, "address_refused"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "address_refused"),
        ({"url": "https://no-such-host.invalid/"}, "address_refused"),
        ({"url": "nonsense"}, "address_refused"),
        ({"events": ["job.done"]}, "unknown_event"),
        ({"events": ["webhook.ping"]}, "unknown_event"),
        ({"events": ["*", "job.failed"]}, "unknown_event"),
    ],
)
def test_what_it_cannot_be_is_said_at_its_place(acme_v1, acme, changes, refused):
    answers = acme_v1.post(ADDRESS, WANTED | changes), acme_v1.call("PATCH", at(make_webhook(tenant=acme)), changes)

    assert [code(answer) for answer in answers] == [(422, refused)] * 2
    for answer in answers:
        assert answer.json()["errors"][0]["pointer"].startswith(f"/{next(iter(changes))}")
    assert [webhook.version for webhook in of(acme)] == [1]


@pytest.mark.parametrize("body", [{}, {"url": URL}, WANTED | {"events": []}, WANTED | {"status": "paused"}, WANTED | {"secret": "mine"}])
def test_what_does_not_fit_the_document_is_400(acme_v1, acme, body):
    assert code(acme_v1.post(ADDRESS, body)) == (400, "invalid_request")
    assert of(acme) == []


def test_the_eleventh_is_refused(acme_v1, acme):
    for _ in range(10):
        make_webhook(tenant=acme)

    assert code(acme_v1.post(ADDRESS, WANTED)) == (422, "webhook_limit")


def test_a_change_leaves_what_is_not_named(acme_v1, acme):
    webhook = make_webhook(tenant=acme, description="data lake")

    changed = acme_v1.call("PATCH", at(webhook), {"events": ["job.failed"]}, if_match=acme_v1.get(at(webhook))["ETag"])

    assert (changed.status_code, changed.json()["events"], changed.json()["version"]) == (200, ["job.failed"], 2)
    assert (changed.json()["description"], changed.json()["url"]) == ("data lake", webhook.url)
    assert changed["ETag"] == acme_v1.get(at(webhook))["ETag"]
    assert code(acme_v1.call("PATCH", at(webhook), {"description": None}, if_match='"other-1"')) == (412, "stale_version")
    assert acme_v1.call("PATCH", at(webhook), {"description": None}).json()["description"] is None


def test_pausing_and_resuming_are_changes_of_its_status(acme_v1, acme):
    webhook = make_webhook(tenant=acme)

    states = [acme_v1.call("PATCH", at(webhook), {"status": status}).json()["status"] for status in ("paused", "paused", "active")]

    assert states == ["paused", "paused", "active"]
    assert actions(acme) == ["webhook.paused", "webhook.resumed"]
    assert code(acme_v1.call("PATCH", at(webhook), {"status": "disabled"})) == (400, "invalid_request")


def test_one_that_the_portal_disabled_says_why_and_is_resumed(acme_v1, acme):
    webhook = make_webhook(tenant=acme)
    with tenant_scope(acme):
        changing.disable(webhook, "gone", now=timezone.now())

    told = acme_v1.get(at(webhook)).json()
    still = acme_v1.call("PATCH", at(webhook), {"status": "paused"}).json()
    resumed = acme_v1.call("PATCH", at(webhook), {"status": "active"}).json()

    assert "410" in told["disabled_reason"]
    assert still["status"] == "disabled"
    assert (resumed["status"], resumed["disabled_reason"]) == ("active", None)


def test_a_list_can_be_of_those_in_a_state(acme_v1, acme):
    paused, _ = make_webhook(tenant=acme, status="paused"), make_webhook(tenant=acme)

    assert [row["id"] for row in acme_v1.get(f"{ADDRESS}?status=paused,disabled").json()["results"]] == [str(paused.pk)]


def test_deleting_takes_its_log_with_it(acme_v1, acme):
    webhook = make_webhook(tenant=acme)

    assert acme_v1.call("DELETE", at(webhook)).status_code == 204
    assert (of(acme), actions(acme)) == ([], ["webhook.removed"])
    assert code(acme_v1.call("DELETE", at(webhook))) == (404, "not_found")


def test_a_new_secret_is_shown_once_and_can_be_asked_for_again_by_its_key(acme_v1, acme):
    webhook = make_webhook(tenant=acme)

    first = acme_v1.post(f"{at(webhook)}rotate-secret/", idempotency_key="r").json()
    again = acme_v1.post(f"{at(webhook)}rotate-secret/", idempotency_key="r").json()

    (row,) = of(acme)
    assert first == again
    assert (secrets.read(row), row.secret_hint) == (first["secret"], first["secret_hint"])
    assert row.old_secret_until - timezone.now() > timedelta(hours=23)
    assert first["old_secret_until"] is not None
    assert "secret" not in acme_v1.get(at(webhook)).json()


def test_another_companys_is_like_one_that_does_not_exist(acme_v1, globex):
    theirs = make_webhook(tenant=globex)
    asked = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "test/"), ("POST", "rotate-secret/"), ("POST", "replay/")]

    for method, verb in asked:
        body = {"since": "2026-11-22T00:00:00Z"} if verb == "replay/" else {"url": "https://127.0.0.1/"} if method == "PATCH" else None
        seen, expected = (acme_v1.call(method, f"{ADDRESS}{pk}/{verb}", body) for pk in (theirs.pk, uuid.uuid4()))
        assert code(seen) == code(expected) == (404, "not_found")
    assert len(of(globex)) == 1


def test_who_may_only_read_changes_nothing(acme):
    reader = V1Client(make_api_key(tenant=acme, scopes=("webhooks:read",))[1])
    webhook = make_webhook(tenant=acme)

    assert reader.get(at(webhook)).status_code == 200
    for method, path in (("POST", ADDRESS), ("PATCH", at(webhook)), ("DELETE", at(webhook)), ("POST", f"{at(webhook)}test/")):
        assert code(reader.call(method, path, {})) == (403, "missing_scope")


def test_whoever_made_a_change_is_in_the_audit_trail(acme_v1, acme):
    acme_v1.post(ADDRESS, WANTED)

    with tenant_scope(acme):
        assert AuditEvent.objects.get(action="webhook.created").actor != Actor("portal").label
