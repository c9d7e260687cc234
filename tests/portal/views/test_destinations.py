"""The pages of destinations: secrets are typed and never shown, a test shows its steps, a host key is looked at before it is pinned."""

from __future__ import annotations

import json
from datetime import timedelta

import asyncssh
import pytest
from django.utils import timezone

from reports.destinations import choosing, host_keys, secrets
from reports.models import Audience, Delivery, Destination
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories
from tests.recently import sign_in
from tests.reports.webhooks.conftest import receiver, webhook

__all__ = ["receiver", "webhook"]
pytestmark = pytest.mark.django_db
DESTINATIONS = "/t/acme/settings/destinations/"
NEW = f"{DESTINATIONS}new/"
PASSWORD = "s3same-open"
SFTP = {
    "name": "Head office",
    "host": "203.0.113.7",
    "port": "22",
    "username": "reports",
    "sign_in": "password",
    "secret": PASSWORD,
    "folder": "/in",
    "file_name": "{report}_{date}.{ext}",
}
S3 = {
    "name": "Lake",
    "bucket": "acme-lake",
    "region": "eu-west-1",
    "role_arn": "arn:aws:iam::210987654321:role/writer",
    "owner_account": "210987654321",
    "folder": "close/{year}",
    "file_name": "{report}.{ext}",
}


@pytest.fixture(autouse=True)
def reachable(settings):
    settings.PORTAL_OUTBOUND_ALLOW = ["203.0.113.7", "127.0.0.1"]


def at(destination, verb=""):
    return f"{DESTINATIONS}{destination.pk}/{verb}"


def of(tenant):
    with tenant_scope(tenant):
        return list(Destination.objects.for_tenant(tenant).order_by("created_at"))


def shown(response):
    return response.content.decode()


@pytest.mark.parametrize("kind", ["sftp", "s3", "slack", "teams"])
def test_each_kind_has_a_form_of_its_own(kind, as_adam):
    answer = as_adam.get(f"{NEW}?kind={kind}")

    assert answer.status_code == 200
    assert ('name="secret"' in answer.content.decode()) == (kind != "s3")


def test_a_new_server_is_saved_and_its_password_shown_nowhere(as_adam, acme):
    response = as_adam.post(f"{NEW}?kind=sftp", SFTP)

    (row,) = of(acme)
    assert (response.status_code, response["Location"]) == (303, at(row))
    assert secrets.read(row) == PASSWORD
    for page in (DESTINATIONS, at(row), at(row, "edit/"), at(row, "remove/"), at(row, "host-key/"), "/t/acme/settings/audit/"):
        assert PASSWORD not in shown(as_adam.get(page))


def test_what_was_typed_wrongly_is_shown_again_without_the_password(as_adam, acme):
    response = as_adam.post(f"{NEW}?kind=sftp", SFTP | {"port": "25", "folder": "/{customer}"})

    assert response.status_code == 422
    assert "below these are other services" in shown(response)
    assert PASSWORD not in shown(response)
    assert of(acme) == []


def test_a_private_server_is_refused(as_adam, acme, settings):
    settings.PORTAL_OUTBOUND_ALLOW = []

    response = as_adam.post(f"{NEW}?kind=sftp", SFTP | {"host": "127.0.0.1"})

    assert response.status_code == 422
    assert "leads to an address that is not public" in shown(response)
    assert of(acme) == []


def test_a_bucket_shows_the_policies_to_paste(as_adam, acme, settings):
    settings.PORTAL_AWS_ACCOUNT = "111122223333"

    as_adam.post(f"{NEW}?kind=s3", S3)

    (row,) = of(acme)
    page = shown(as_adam.get(at(row))).replace("&quot;", '"')
    assert row.config["external_id"] in page
    assert '"arn:aws:iam::111122223333:root"' in page
    assert '"arn:aws:s3:::acme-lake/close/*"' in page


@pytest.mark.parametrize(
    ("kind", "url"),
    [
        ("slack", "https://hooks.example.com/services/T/B/x"),
        ("teams", "https://hooks.slack.com/services/T/B/x"),
        ("slack", "http://hooks.slack.com/services/T/B/x"),
    ],
)
def test_an_address_of_another_host_is_no_chat(as_adam, acme, settings, kind, url, monkeypatch):
    monkeypatch.setattr("reports.outbound.addresses.ask_system", lambda host, port: ["203.0.113.9"])

    response = as_adam.post(f"{NEW}?kind={kind}", {"name": "Team", "secret": url})

    assert response.status_code == 422
    assert url not in shown(response)
    assert of(acme) == []


def test_a_kind_that_there_is_not_is_no_page(as_adam):
    assert as_adam.get(f"{NEW}?kind=ftp").status_code == 404


def test_making_and_changing_ask_whether_the_person_is_still_there(client, adam, acme):
    row = factories.make_destination(tenant=acme)
    sign_in(client, adam, seconds_ago=11 * 60)

    for page in (f"{NEW}?kind=s3", at(row, "edit/"), at(row, "host-key/")):
        assert "reauthenticate" in client.get(page)["Location"]
    held = client.post(f"{NEW}?kind=sftp", SFTP)
    assert held.status_code == 403
    assert PASSWORD not in shown(held)
    assert len(of(acme)) == 1


def test_viewers_have_no_destinations(as_alice):
    assert as_alice.get(DESTINATIONS).status_code == 403
    assert DESTINATIONS not in shown(as_alice.get("/t/acme/"))


def test_a_change_keeps_the_password_unless_it_would_go_elsewhere(as_adam, acme):
    as_adam.post(f"{NEW}?kind=sftp", SFTP)
    (row,) = of(acme)

    kept = as_adam.post(at(row, "edit/"), SFTP | {"secret": "", "folder": "/out"})
    refused = as_adam.post(at(row, "edit/"), SFTP | {"secret": "", "port": "2222"})

    assert (kept.status_code, refused.status_code) == (303, 422)
    (row,) = of(acme)
    assert (row.config["folder"], row.config["port"], secrets.read(row)) == ("/out", 22, PASSWORD)


def test_a_test_posts_to_the_channel_and_shows_its_steps(as_adam, acme, receiver):
    row = factories.make_destination(tenant=acme, kind="slack", name="Team", config={}, secret=receiver.url)

    response = as_adam.post(at(row, "test/"))

    assert response["Location"] == at(row)
    body = json.loads(receiver.received[0].body)
    assert body["text"] == "Test from Fanfold"
    page = shown(as_adam.get(at(row)))
    assert "ok  a test message was posted" in page
    assert receiver.url not in page
    (row,) = of(acme)
    assert (row.status, row.last_test["ok"]) == ("ok", True)
    with tenant_scope(acme):
        assert AuditEvent.objects.filter(tenant=acme, action="destination.tested").count() == 1


def test_a_test_that_fails_says_why_and_one_that_passes_sends_what_waits(as_adam, acme, receiver):
    row = factories.make_destination(
        tenant=acme, kind="slack", name="Team", config={}, secret=receiver.url, status="stopped", failing_since=timezone.now()
    )
    job = factories.make_job(tenant=acme, report=factories.make_report(slug="sales", name="Sales"), status="completed")
    later = timezone.now() + timedelta(days=2)
    with tenant_scope(acme):
        waiting = Delivery.objects.create(
            tenant=acme, job=job, destination=row, channel="slack", next_try_at=later, created_at=timezone.now()
        )
    receiver.answers(404)

    as_adam.post(at(row, "test/"))
    failed = shown(as_adam.get(at(row)))
    (row,) = of(acme)
    assert row.status == "stopped"
    assert "NO  The channel’s webhook does not exist any more. (HTTP 404)" in failed
    receiver.answers(200)
    as_adam.post(at(row, "test/"))

    (row,) = of(acme)
    with tenant_scope(acme):
        waiting.refresh_from_db()
    assert row.status == "ok"
    assert waiting.next_try_at < timezone.now()


def test_a_host_key_is_looked_at_before_it_is_pinned(as_adam, acme):
    row = factories.make_destination(tenant=acme)
    line = host_keys.line_of(asyncssh.generate_private_key("ssh-ed25519"))

    assert "Ask the server" in shown(as_adam.get(at(row, "host-key/")))
    pinned = as_adam.post(at(row, "host-key/"), {"host_key": line})

    assert pinned.status_code == 303
    assert host_keys.fingerprint(line) in shown(as_adam.get(at(row)))
    assert as_adam.post(at(row, "host-key/"), {"host_key": "nonsense"}).status_code == 422


def test_one_that_is_used_says_by_what_and_is_deleted_afterwards(as_adam, acme):
    row = factories.make_destination(tenant=acme, name="Head office")
    schedule = factories.make_schedule(tenant=acme, report=factories.make_report(slug="sales", name="Sales"), name="Month close")
    with tenant_scope(acme):
        audience = Audience.objects.create(tenant=acme, schedule=schedule, name="")
        choosing.put(audience, [row])

    assert "Month close" in shown(as_adam.get(DESTINATIONS))
    assert as_adam.post(at(row, "remove/")).status_code == 409
    with tenant_scope(acme):
        choosing.put(audience, [])
    assert as_adam.post(at(row, "remove/")).status_code == 303
    assert of(acme) == []
