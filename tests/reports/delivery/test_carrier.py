"""From a due delivery to a file on a company's own server: once, whatever the server does, and told to whom it concerns."""

from __future__ import annotations

import time
from datetime import timedelta

import asyncssh
import pytest
from django.utils import timezone

from reports.delivery import carrier as module
from reports.delivery import sent_log, sftp, shipping
from reports.delivery.carrier import HANDS, Carrier
from reports.delivery.taking import Lease
from reports.destinations import condition
from reports.models import AudienceDestination, Delivery, Destination, Event, Grant, Notice
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.hands import wait_until_free
from tests.pretend_aws import BUCKET
from tests.reports.delivery import steps
from tests.sftp_server import PASSWORD, SftpPeer

pytestmark = pytest.mark.django_db(transaction=True)
BODY = b"%PDF-1.7 " + bytes(range(256)) * 4_000


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings, aws):
    settings.PORTAL_OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def peer(tmp_path):
    (tmp_path / "server" / "in").mkdir(parents=True)
    with SftpPeer(tmp_path / "server") as running:
        yield running
        running.heal()
        wait_until_free(HANDS)


@pytest.fixture
def destination(acme, peer):
    return factories.make_destination(tenant=acme, config=peer.config, secret=PASSWORD, status="ok")


@pytest.fixture
def audience(acme, schedule, destination):
    audience = factories.make_audience(schedule=schedule)
    with tenant_scope(acme):
        AudienceDestination.objects.create(tenant=acme, audience=audience, destination=destination)
    return audience


def put(aws, job, body: bytes = BODY, **fields):
    """A file of the job that lies in S3."""
    file = factories.make_file(job=job, body=body, bucket=BUCKET, **fields)
    aws.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=body)
    return file


@pytest.fixture
def job(acme, report, occurrence, aws):
    job = factories.make_job(tenant=acme, report=report, status="completed", occurrence=occurrence)
    put(aws, job)
    return job


def due(job, destination, audience=None, **fields) -> Delivery:
    fields = {"next_try_at": timezone.now(), "audience": audience, "channel": destination.kind, "name": destination.name} | fields
    with tenant_scope(job.tenant_id):
        return Delivery.objects.create(
            tenant_id=job.tenant_id, job=job, occurrence=job.occurrence, destination=destination, created_at=timezone.now(), **fields
        )


def run(seconds: float = 30, carrier: Carrier | None = None) -> None:
    carrier, end = carrier or Carrier(), time.monotonic() + seconds
    while carrier.turn() or HANDS.carried():
        assert time.monotonic() < end, f"still busy after {seconds} s"
        time.sleep(0.02)


def take(carrier: Carrier | None = None) -> list[Lease]:
    with engine_scope():
        return (carrier or Carrier())._take(10, [])


def condition_of(destination: Destination) -> Destination:
    with tenant_scope(destination.tenant_id):
        return Destination.objects.get(pk=destination.pk)


def told(tenant) -> list[str]:
    with tenant_scope(tenant):
        return [notice.data["what"] for notice in Notice.objects.filter(tenant=tenant, kind=Notice.Kind.DESTINATION)]


def test_a_job_s_files_arrive_and_the_run_is_delivered(acme, job, destination, audience, peer):
    delivery = due(job, destination, audience)

    run()

    arrived = steps.now_of(delivery)
    (name,) = peer.files()
    assert peer.files() == {name: BODY}
    assert name.startswith("daily-calls_")
    assert (arrived.status, list(arrived.placed.values())) == ("sent", [f"/in/{name}"])
    assert condition_of(destination).last_sent_at == arrived.sent_at
    assert steps.status_of_occurrence(job) == "delivered"
    with tenant_scope(acme):
        assert Event.objects.filter(tenant=acme, type="delivery.sent").count() == 1


def test_mail_does_not_wait_for_a_server_that_hangs(job, destination, audience, peer, smtp):
    peer.hangs_at("open")
    due(job, destination, audience)
    mail = steps.due_delivery(job, "kim@customer.example")
    carrier = Carrier()
    carrier.turn()

    steps.run()

    assert steps.now_of(mail).status == "sent"
    assert HANDS.carried() != []


def test_one_at_a_time_for_a_destination_and_others_go_on(acme, job, destination, audience, peer, tmp_path):
    other = factories.make_destination(tenant=acme, name="Other", config=peer.config | {"folder": "/other"}, secret=PASSWORD, status="ok")
    with tenant_scope(acme):
        AudienceDestination.objects.create(tenant=acme, audience=audience, destination=other)
    again = factories.make_job(tenant=acme, report=job.report, status="completed", occurrence=job.occurrence)
    due(job, destination, audience)
    waits = due(again, destination, audience)
    beside = due(job, other, audience)
    carrier = Carrier()
    for _turn in range(4):
        take(carrier)

    assert steps.now_of(waits).lease_until is None
    assert steps.now_of(beside).lease_until is not None


def test_a_cut_in_mid_file_is_tried_again_and_the_file_is_there_once(acme, job, destination, audience, peer):
    delivery = due(job, destination, audience)
    peer.cut_after(len(BODY) // 2)
    run()
    cut, seen, state = steps.now_of(delivery), peer.files(), condition_of(destination).status
    peer.heal()
    steps.let_pass(acme, minutes=2)

    run()

    assert (cut.status, cut.failure_code, cut.tries, seen, state) == ("pending", "server_dropped", 1, {}, "failing")
    assert [content for content in peer.files().values()] == [BODY]
    assert steps.now_of(delivery).status == "sent"
    assert condition_of(destination).status == "ok"


def test_a_lost_answer_after_the_renaming_doubles_nothing(acme, job, destination, audience, peer):
    delivery = due(job, destination, audience)
    peer.drops_after("rename")
    run()
    between = steps.now_of(delivery)
    steps.let_pass(acme, minutes=2)

    run()

    assert (between.status, between.maybe_twice, between.placed) == ("pending", True, {})
    assert len(peer.files()) == peer.asked["rename"] == 1
    assert steps.now_of(delivery).status == "sent"


def test_of_two_files_the_one_that_arrived_is_not_sent_again(acme, job, destination, audience, peer, aws):
    put(aws, job, b"a,b\n1,2\n", format="CSV")
    delivery = due(job, destination, audience)
    peer.drops_after("rename")
    run()
    steps.let_pass(acme, minutes=2)

    run()

    assert sorted(peer.files().values()) == sorted([BODY, b"a,b\n1,2\n"])
    assert len(peer.shown) == 2
    assert len(steps.now_of(delivery).placed) == 2


def test_the_send_log_knows_a_delivery_of_which_one_file_arrived_and_one_did_not(acme, job, destination, audience, peer, aws, settings):
    settings.PORTAL_BUCKET = BUCKET
    arrived = put(aws, job, b"a,b\n1,2\n", format="CSV")
    delivery = due(job, destination, audience, placed={str(arrived.pk): "/in/calls.csv"})
    peer.refuses("rename", asyncssh.SFTPPermissionDenied("no"))

    run()

    around = timedelta(minutes=5)
    assert steps.now_of(delivery).failure_code == "not_permitted"
    assert delivery.pk in sent_log.read(timezone.now() - around, timezone.now() + around).left


def test_a_changed_host_key_stops_the_destination_and_tells_the_owners_once(acme, olga, job, destination, audience, peer):
    first = due(job, destination, audience)
    second = due(factories.make_job(tenant=acme, report=job.report, status="completed", occurrence=job.occurrence), destination, audience)
    peer.change_host_key()

    run()

    stopped = condition_of(destination)
    assert (stopped.status, stopped.failure_code) == ("stopped", "host_key_changed")
    waits = [steps.now_of(delivery) for delivery in (first, second)]
    assert {(row.status, row.tries) for row in waits} == {("pending", 0)}
    assert all(row.next_try_at > timezone.now() + timedelta(days=2) for row in waits)
    assert (peer.sign_ins, peer.files(), told(acme)) == (0, {}, ["stopped"])


def test_what_waited_goes_out_when_the_new_key_was_pinned_and_a_test_passed(acme, job, destination, audience, peer):
    delivery = due(job, destination, audience)
    peer.change_host_key()
    run()
    with tenant_scope(acme):
        Destination.objects.filter(pk=destination.pk).update(config=peer.config)
        number = condition.resume(destination, timezone.now())

    run()

    assert number == 1
    assert steps.now_of(delivery).status == "sent"
    assert len(peer.files()) == 1


def test_what_waits_for_a_stopped_destination_is_given_up_after_three_days(acme, job, destination, audience, peer):
    delivery = due(job, destination, audience)
    with tenant_scope(acme):
        condition.stop(destination, "host_key_changed", timezone.now())
        Delivery.objects.filter(pk=delivery.pk).update(created_at=timezone.now() - timedelta(days=3, minutes=1))

    run()

    given_up = steps.now_of(delivery)
    assert (given_up.status, given_up.failure_code) == ("failed", "destination_stopped")
    assert steps.status_of_occurrence(job) == "failed"


def test_ten_tries_in_three_days_then_it_failed_and_the_destination_is_stopped(acme, olga, job, destination, audience, peer):
    delivery = due(job, destination, audience)
    peer.locked = True
    tries = 0
    while steps.now_of(delivery).status == "pending":
        run()
        tries += 1
        with tenant_scope(acme):
            # As time goes by for it, too.
            Destination.objects.filter(pk=destination.pk).update(failing_since=timezone.now() - timedelta(days=3))
        steps.let_pass(acme, days=2)

    failed = steps.now_of(delivery)
    assert (tries, failed.status, failed.failure_code) == (10, "failed", "sign_in_refused")
    assert condition_of(destination).status == "stopped"
    assert told(acme) == ["stopped"]


def test_who_was_given_up_for_one_server_costs_no_other_its_mail(acme, job, destination, audience, peer, smtp):
    peer.refuse()
    delivery = due(job, destination, audience, tries=9)
    mail = steps.due_delivery(job, "kim@customer.example")

    run()
    steps.run()
    peer.listen()

    assert (steps.now_of(delivery).status, steps.now_of(mail).status) == ("failed", "sent")
    assert steps.status_of_occurrence(job) == "partly_delivered"


def test_a_file_that_is_not_the_one_that_was_collected_is_not_sent(acme, job, destination, audience, peer, aws):
    with tenant_scope(acme):
        file = job.files.get()
    aws.client("s3").put_object(Bucket=BUCKET, Key=file.key, Body=b"%PDF-1.7 of somebody else")
    delivery = due(job, destination, audience)

    run()

    assert peer.files() == {}
    assert steps.now_of(delivery).failure_code == "file_unreadable"
    assert condition_of(destination).status == "ok"


@pytest.mark.parametrize("what", ["taken out of the audience", "retired", "withdrawn from the company", "recalled"])
def test_what_is_not_wanted_any_more_is_not_sent(what, acme, schedule, job, destination, audience, peer):
    delivery = due(job, destination, audience)
    with tenant_scope(acme):
        match what:
            case "taken out of the audience":
                AudienceDestination.objects.filter(tenant=acme).delete()
            case "retired":
                type(schedule).objects.filter(pk=schedule.pk).update(retired_at=timezone.now())
            case "recalled":
                job.files.update(recalled_at=timezone.now())
                type(job).objects.filter(pk=job.pk).update(recalled_at=timezone.now())
    if what == "withdrawn from the company":
        with tenant_scope(acme):
            Grant.objects.filter(tenant=acme).update(withdrawn_at=timezone.now())

    run()

    assert steps.now_of(delivery).status == "suppressed"
    assert peer.files() == {}


def test_a_secret_that_cannot_be_read_is_our_fault_and_said_to_whoever_runs_the_portal(acme, job, audience, destination, peer, caplog):
    with tenant_scope(acme):
        Destination.objects.filter(pk=destination.pk).update(sealed_secret="00000000.nothing")
    delivery = due(job, destination, audience)

    run()

    assert steps.now_of(delivery).failure_code == "credentials_unreadable"
    assert condition_of(destination).status == "ok"
    caplog.clear()


def test_a_lease_that_was_lost_in_the_middle_places_nothing(acme, job, destination, audience, peer):
    """Another host has it by now."""
    delivery = due(job, destination, audience)
    (lease,) = take()
    with tenant_scope(acme):
        Delivery.objects.filter(pk=delivery.pk).update(lease_until=timezone.now() + timedelta(hours=1))

    shipping.carry(lease, timezone.now)

    assert peer.files() == {}


def test_the_log_and_the_rows_hold_no_secret(acme, job, destination, audience, peer, caplog):
    peer.locked = True
    delivery = due(job, destination, audience)

    run()

    assert PASSWORD not in caplog.text + str(vars(steps.now_of(delivery))) + str(vars(condition_of(destination)))
    assert (module.MOST_AT_ONCE, sftp.TOTAL_SECONDS < shipping.LEASE_SECONDS) == (4, True)
