"""Destinations as people and programs make, change, pin and delete them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncssh
import pytest
from django.utils import timezone

from reports.destinations import changing, choosing, host_keys, making, removing, secrets
from reports.destinations.making import Wanted
from reports.models import Audience, Delivery, Destination
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories

ACTOR = Actor("olga@acme.example")
PASSWORD = "s3same-open"
CHAT = "https://hooks.slack.com/services/T0/B0/sesame"
SFTP = {"host": "sftp.acme.example", "username": "reports", "folder": "/in/{year}"}
S3 = {"bucket": "acme-reports", "region": "eu-west-1", "role_arn": "arn:aws:iam::210987654321:role/writer"}
pytestmark = pytest.mark.django_db


def make(tenant, kind="sftp", name="Head office", secret=PASSWORD, config=None, **fields):
    given = {"sftp": SFTP, "s3": S3}.get(kind, {}) | (config or {})
    with tenant_scope(tenant):
        return making.create(tenant, ACTOR, kind, Wanted(name, given, secret, **fields), now=timezone.now())


def change(row, secret=None, name=None, **config):
    members = {key: row.config[key] for key in SFTP | {"port": 22, "sign_in": "", "file_name": ""} if key in row.config} | config
    with tenant_scope(row.tenant):
        return changing.change(row, ACTOR, Wanted(name or row.name, members, secret), now=timezone.now())


def audit(tenant) -> list[AuditEvent]:
    with tenant_scope(tenant):
        return list(AuditEvent.objects.filter(tenant=tenant, action__startswith="destination.").order_by("at", "id"))


def refusal(act) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def a_host_key() -> str:
    return host_keys.line_of(asyncssh.generate_private_key("ssh-ed25519"))


def test_a_password_is_kept_encrypted_and_stands_in_no_audit(acme):
    row = make(acme)

    assert secrets.read(row) == PASSWORD
    assert PASSWORD not in f"{vars(row)} {vars(audit(acme)[0])}"
    assert row.config == SFTP | {
        "port": 22,
        "sign_in": "password",
        "file_name": "{report}_{date}_{time}.{ext}",
        "public_key": "",
        "host_key": "",
    }
    assert (audit(acme)[0].action, audit(acme)[0].after["host"]) == ("destination.created", "sftp.acme.example")


def test_our_key_pair_is_made_here_and_its_private_half_stays(acme):
    row = make(acme, config={"sign_in": "key"}, secret=None)

    private = secrets.read(row)
    assert row.config["public_key"].startswith("ssh-ed25519 ")
    assert asyncssh.import_private_key(private).export_public_key().decode().split()[:2] == row.config["public_key"].split()[:2]
    assert "PRIVATE KEY" not in f"{vars(audit(acme)[0])}"


def test_an_external_id_is_ours_and_nobody_names_another_ones(acme, globex):
    given = {"external_id": "that-of-globex"}

    assert refusal(lambda: make(acme, "s3", secret=None, config=given)).code == "invalid_config"
    first, second = make(acme, "s3", secret=None), make(globex, "s3", secret=None)
    assert first.config["external_id"] != second.config["external_id"]
    assert len(first.config["external_id"]) == len("fanfold-") + 32


def test_a_role_of_the_platform_is_refused(acme, settings):
    settings.PORTAL_AWS_ACCOUNT = "111122223333"
    role = "arn:aws:iam::111122223333:role/reports"

    error = refusal(lambda: make(acme, "s3", secret=None, config={"role_arn": role}))

    assert (error.code, error.places[0].path) == ("role_refused", ("config", "role_arn"))


@pytest.mark.parametrize(
    ("kind", "config", "member"),
    [
        ("sftp", {"host": "not a host"}, "host"),
        ("sftp", {"host": ""}, "host"),
        ("sftp", {"port": 25}, "port"),
        ("sftp", {"port": 70000}, "port"),
        ("sftp", {"port": True}, "port"),
        ("sftp", {"username": "a\nb"}, "username"),
        ("sftp", {"sign_in": "kerberos"}, "sign_in"),
        ("sftp", {"folder": "/in/../etc"}, "folder"),
        ("sftp", {"folder": "/in/{customer}"}, "folder"),
        ("sftp", {"folder": "/in/{ext}"}, "folder"),
        ("sftp", {"file_name": "a/b.pdf"}, "file_name"),
        ("sftp", {"file_name": ".hidden"}, "file_name"),
        ("s3", {"bucket": "No_Bucket"}, "bucket"),
        ("s3", {"region": "Ireland"}, "region"),
        ("s3", {"role_arn": "arn:aws:iam::1:user/x"}, "role_arn"),
        ("s3", {"owner_account": "12"}, "owner_account"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(acme, kind, config, member):
    error = refusal(lambda: make(acme, kind, config=config))

    assert error.code in ("invalid_config", "bad_pattern")
    assert error.places[0].path == ("config", member)


@pytest.mark.parametrize(("kind", "secret"), [("sftp", None), ("slack", None), ("teams", "")])
def test_without_its_secret_there_is_none(acme, kind, secret):
    assert refusal(lambda: make(acme, kind, secret=secret)).code == "secret_required"


def test_a_name_is_taken_once_and_a_company_has_fifty_at_most(acme, globex):
    for number in range(50):
        factories.make_destination(tenant=acme, name=f"Server {number}")

    assert refusal(lambda: make(acme, name="Server 7")).code == "destination_exists"
    assert refusal(lambda: make(acme, name="Server 50")).code == "too_many_destinations"
    assert make(globex, name="Server 7").name == "Server 7"


def test_a_change_without_a_secret_keeps_it(acme):
    row = make(acme)

    assert change(row, name="Warehouse", folder="/out")

    assert (row.name, row.config["folder"], secrets.read(row)) == ("Warehouse", "/out", PASSWORD)
    told = audit(acme)[-1]
    assert (told.before["folder"], told.after["folder"], "new_secret" in told.after) == ("/in/{year}", "/out", False)
    assert not change(row)


@pytest.mark.parametrize("elsewhere", [{"host": "attacker.example"}, {"port": 2222}])
def test_a_stored_password_goes_to_no_other_server(acme, elsewhere):
    row = make(acme, host_key=a_host_key())

    error = refusal(lambda: change(row, **elsewhere))
    assert error.code == "secret_required"
    assert change(row, secret="another", **elsewhere)
    assert (secrets.read(row), row.config["host_key"]) == ("another", "")


def test_our_own_key_goes_along_and_the_pinned_host_key_does_not(acme):
    row = make(acme, config={"sign_in": "key"}, secret=None, host_key=a_host_key())
    public = row.config["public_key"]

    assert change(row, host="new.acme.example")

    assert (row.config["public_key"], row.config["host_key"]) == (public, "")


def test_changing_the_way_to_sign_in_needs_what_signs_in(acme):
    row = make(acme)

    assert change(row, sign_in="key")
    assert "PRIVATE KEY" in secrets.read(row)
    assert refusal(lambda: change(row, sign_in="password")).code == "secret_required"
    assert change(row, sign_in="password", secret="new one")
    assert (secrets.read(row), row.config["public_key"]) == ("new one", "")


def test_a_bucket_is_changed_without_a_secret_and_keeps_its_external_id(acme):
    row = make(acme, "s3", secret=None)
    external_id = row.config["external_id"]
    with tenant_scope(acme):
        assert changing.change(row, ACTOR, Wanted(row.name, S3 | {"bucket": "another-one"}), now=timezone.now())

    assert (row.config["bucket"], row.config["external_id"], row.sealed_secret) == ("another-one", external_id, "")


def test_a_chats_address_is_changed_alone_and_kept_otherwise(acme):
    row = make(acme, "slack", secret=CHAT)

    with tenant_scope(acme):
        changing.change(row, ACTOR, Wanted("Sales channel", {}), now=timezone.now())
        assert secrets.read(row) == CHAT
        changing.change(row, ACTOR, Wanted("Sales channel", {}, CHAT + "2"), now=timezone.now())

    assert secrets.read(row) == CHAT + "2"
    assert "sesame" not in "".join(f"{vars(event)}" for event in audit(acme))


def test_a_change_forgets_the_last_test_and_one_that_is_stopped_stays_so(acme):
    works = make(acme, name="works")
    stopped = make(acme, name="stopped")
    with tenant_scope(acme):
        Destination.objects.filter(pk=works.pk).update(status="ok", last_test={"ok": True})
        Destination.objects.filter(pk=stopped.pk).update(status="stopped", failure_code="host_key_changed", failing_since=timezone.now())

    change(works, folder="/out")
    change(stopped, folder="/out")

    assert (works.status, works.last_test) == ("untested", None)
    assert (stopped.status, stopped.failure_code) == ("stopped", "host_key_changed")


def test_pinning_is_an_act_of_its_own_and_both_fingerprints_are_written_down(acme):
    old, new = a_host_key(), a_host_key()
    row = make(acme, host_key=old)

    with tenant_scope(acme):
        assert host_keys.pin(row, ACTOR, new + " root@server", now=timezone.now())
        assert not host_keys.pin(row, ACTOR, new, now=timezone.now())

    assert row.config["host_key"] == new
    told = audit(acme)[-1]
    assert told.action == "destination.host_key_pinned"
    assert (told.before["host_key"], told.after["host_key"]) == (host_keys.fingerprint(old), host_keys.fingerprint(new))
    assert told.after["host_key"].startswith("SHA256:")


@pytest.mark.parametrize("line", ["", "ssh-ed25519", "ssh-ed25519 AAAA", "x" * 5000])
def test_what_is_no_host_key_is_not_pinned(acme, line):
    row = make(acme)

    with tenant_scope(acme):
        assert refusal(lambda: host_keys.pin(row, ACTOR, line, now=timezone.now())).code == "invalid_host_key"


def test_a_servers_host_key_is_fetched_from_the_address_that_was_checked(settings):
    key = asyncssh.generate_private_key("ssh-ed25519")

    async def ask() -> str:
        async with asyncssh.listen("127.0.0.1", 0, server_host_keys=[key]) as server:
            port = server.sockets[0].getsockname()[1]
            settings.PORTAL_OUTBOUND_ALLOW = (f"localhost:{port}",)
            return await asyncio.to_thread(host_keys.fetch, "localhost", port)

    assert asyncio.run(ask()) == host_keys.line_of(key)


def test_a_private_address_is_not_called():
    assert refusal(lambda: host_keys.fetch("localhost", 2222)).code == "address_refused"


def test_one_that_is_used_is_not_deleted_and_says_by_what(acme):
    row = make(acme)
    schedule = factories.make_schedule(tenant=acme, report=factories.make_report(slug="sales", name="Sales"))
    with tenant_scope(acme):
        audience = Audience.objects.create(tenant=acme, schedule=schedule, name="")
        choosing.put(audience, [row])

        error = refusal(lambda: removing.remove(row, ACTOR, now=timezone.now()))

        assert (error.code, error.places[0].path) == ("in_use", ("schedules", schedule.slug))
        assert schedule.title in error.detail
        choosing.put(audience, [])
        removing.remove(row, ACTOR, now=timezone.now())
        assert not Destination.objects.filter(tenant=acme).exists()
    assert audit(acme)[-1].action == "destination.removed"


def test_what_waits_for_a_deleted_one_comes_to_its_end_at_once(acme):
    row = make(acme)
    job = factories.make_job(tenant=acme, report=factories.make_report(slug="sales", name="Sales"), status="completed")
    later = timezone.now() + timedelta(hours=5)
    with tenant_scope(acme):
        waiting = Delivery.objects.create(
            tenant=acme, job=job, destination=row, channel="sftp", next_try_at=later, created_at=timezone.now()
        )
        removing.remove(row, ACTOR, now=timezone.now())
        waiting.refresh_from_db()

    assert waiting.destination_id is None
    assert waiting.next_try_at < later


def test_another_companys_destination_cannot_be_chosen(acme, globex):
    foreign = factories.make_destination(tenant=globex)

    with tenant_scope(acme):
        error = refusal(lambda: choosing.by_id(acme, [foreign.pk]))

    assert (error.code, error.places[0].path) == ("unknown_reference", ("destinations", "0"))
