"""What becomes of a message: signed, sent, tried again by the table, and given up where people hear of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from standardwebhooks import Webhook as Verifier

from reports.mails.letters import letter_of_notice
from reports.models import Notice, Webhook
from reports.outbound import posting
from reports.webhooks import changing, outcomes, retries, rotating, secrets, sending
from reports.webhooks.outcomes import Outcome
from reports.webhooks.retries import WAITS
from tenants.audit import Actor
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope
from tests import factories
from tests.reports.webhooks import steps
from tests.webhook import Receiver

ACTOR = Actor("olga@acme.example")
pytestmark = pytest.mark.django_db


def status_of(webhook) -> tuple[str, str]:
    with tenant_scope(webhook.tenant_id):
        return Webhook.objects.values_list("status", "disabled_reason").get(pk=webhook.pk)


def notices(tenant) -> list[Notice]:
    with tenant_scope(tenant):
        return list(Notice.objects.filter(tenant=tenant, kind="webhook").select_related("tenant").order_by("created_at"))


def verified(received, secret: str) -> dict:
    return Verifier(secret).verify(received.body, received.headers)


def test_it_arrives_and_the_receivers_library_believes_it(acme, receiver, webhook):
    event = steps.happen(acme, reference="case 4711 \u00e4\u20ac")

    steps.send_all()

    (got,) = receiver.received
    assert verified(got, secrets.read(webhook))["data"] == {"reference": "case 4711 \u00e4\u20ac"}
    assert got.headers["webhook-id"] == str(event.pk)
    assert got.headers["content-type"] == "application/json"
    (row,), (line,) = steps.deliveries(acme), steps.log(acme)
    assert (row.status, row.tries, row.next_try_at, row.lease_until) == ("succeeded", 1, None, None)
    assert (line.response_status, line.error) == (204, "")
    assert steps.send_all() == 0


def test_while_a_secret_is_replaced_either_verifies(acme, receiver, webhook):
    old = secrets.read(webhook)
    with tenant_scope(acme):
        new = rotating.rotate_secret(webhook, ACTOR, now=timezone.now()).secret
    steps.happen(acme)

    steps.send_all()

    (got,) = receiver.received
    assert verified(got, old) == verified(got, new)
    assert len(got.headers["webhook-signature"].split()) == 2


@pytest.mark.parametrize(
    ("misbehave", "status", "error"),
    [
        (lambda receiver: receiver.answers(302), 302, "redirected"),
        (lambda receiver: receiver.answers(404), 404, "not_2xx"),
        (lambda receiver: receiver.answers(503), 503, "not_2xx"),
        (Receiver.hang, None, "no_answer"),
        (Receiver.refuse, None, "unreachable"),
    ],
)
def test_what_is_not_taken_is_tried_again_under_the_same_id(acme, receiver, webhook, monkeypatch, misbehave, status, error):
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 0.5)
    event = steps.happen(acme)
    misbehave(receiver)

    steps.send_all()
    (row,), (line,) = steps.deliveries(acme), steps.log(acme)
    receiver.heal()
    receiver.answers(204)
    if error == "unreachable":
        receiver.listen()
    steps.let_pass(acme, minutes=1)
    steps.send_all()

    assert (row.status, line.response_status, line.error) == ("failed", status, error)
    assert (receiver.received[-1].headers["webhook-id"], steps.deliveries(acme)[0].status) == (str(event.pk), "succeeded")
    assert {got.headers["webhook-id"] for got in receiver.received} == {str(event.pk)}
    assert len(steps.log(acme)) == 2


def test_an_address_that_may_not_be_called_is_tried_again_too_for_it_may_lead_elsewhere_then(acme, settings):
    factories.make_webhook(tenant=acme, url="https://169.254.169.254/latest/meta-data/")
    steps.happen(acme)

    steps.send_all()

    assert [(line.response_status, line.error) for line in steps.log(acme)] == [(None, "address_refused")]
    assert steps.deliveries(acme)[0].status == "failed"


def test_the_table_of_retries(now):
    hours = [wait.total_seconds() / 3600 for wait in WAITS]
    assert hours[3:] == [2, 5, 10, 14, 20, 24]
    assert [wait.total_seconds() for wait in WAITS[:3]] == [5, 300, 1800]

    for tries, wait in enumerate(WAITS, start=1):
        for _ in range(50):
            waited = retries.next_try_at(tries, now) - now
            assert wait * 0.9 <= waited <= wait * 1.1
    assert retries.next_try_at(len(WAITS) + 1, now) is None


def test_a_receiver_that_asks_for_time_can_only_delay(now):
    assert retries.next_try_at(1, now, retry_after=3600) == now + timedelta(hours=1)
    assert retries.next_try_at(4, now, retry_after=1) >= now + timedelta(hours=1.8)
    assert retries.next_try_at(1, now, retry_after=10**9) == now + timedelta(hours=24)


def test_retry_after_of_an_answer_is_followed(acme, receiver, webhook):
    steps.happen(acme)
    receiver.answers(429, {"Retry-After": "7200"})

    before = timezone.now()
    steps.send_all()

    assert steps.deliveries(acme)[0].next_try_at >= before + timedelta(hours=2)


def fail_for_days(tenant) -> list[timedelta]:
    """The waits between tries until nothing is due any more."""
    waits = []
    while steps.send_all():
        row = steps.deliveries(tenant)[0]
        if row.next_try_at is None:
            return waits
        waits.append(row.next_try_at - timezone.now())
        steps.let_pass(tenant, days=2)
    return waits


def test_after_the_table_it_is_dead_the_webhook_is_off_and_owners_hear_of_it_once(acme, olga, receiver, webhook):
    steps.happen(acme)
    receiver.answers(500)

    waits = fail_for_days(acme)

    assert len(waits) == len(WAITS)
    assert receiver.requests == len(steps.log(acme)) == len(WAITS) + 1
    (row,) = steps.deliveries(acme)
    assert (row.status, row.tries, row.next_try_at) == ("dead", 10, None)
    assert status_of(webhook) == ("disabled", "failing")
    (notice,) = notices(acme)
    assert notice.address == olga.email
    with tenant_scope(acme):
        message = letter_of_notice(notice, timezone.now()).message
    assert "switched off" in message.subject
    assert f"127.0.0.1:{receiver.port}" in message.body
    assert "the-secret" not in message.body


def test_one_message_that_is_never_taken_while_others_are_turns_nothing_off(acme, olga, receiver, webhook):
    for _ in range(2):
        steps.happen(acme)
    receiver.answers(500)
    steps.send_all()
    steps.let_pass(acme, minutes=1)
    first, *_others = steps.take()
    receiver.answers(204)
    sending.try_once(first, timezone.now)
    receiver.answers(500)
    steps.let_pass(acme, minutes=2)

    while steps.send_all():
        steps.let_pass(acme, days=2)

    assert sorted(row.status for row in steps.deliveries(acme)) == ["dead", "succeeded"]
    assert status_of(webhook) == ("active", "")
    (notice,) = notices(acme)
    assert notice.data["what"] == "dead"


def test_410_turns_the_webhook_off_at_once_and_keeps_what_waits(acme, olga, receiver, webhook):
    steps.happen(acme)
    receiver.answers(410)
    steps.send_all()
    steps.happen(acme)

    assert status_of(webhook) == ("disabled", "gone")
    assert [(row.status, row.tries) for row in steps.deliveries(acme)] == [("dead", 1)]
    assert [notice.data["what"] for notice in notices(acme)] == ["disabled"]


def test_what_waits_for_a_paused_webhook_is_sent_when_it_is_resumed(acme, receiver, webhook):
    steps.happen(acme)
    taken = steps.take()
    steps.happen(acme)
    with tenant_scope(acme):
        changing.pause(webhook, ACTOR, now=timezone.now())

    for one in taken:
        sending.try_once(one, timezone.now)
    assert (steps.send_all(), receiver.requests, [row.tries for row in steps.deliveries(acme)]) == (0, 0, [0, 0])
    with tenant_scope(acme):
        changing.resume(webhook, ACTOR, now=timezone.now())
    steps.send_all()

    assert [row.status for row in steps.deliveries(acme)] == ["succeeded"] * 2


def test_of_a_suspended_company_nothing_is_sent_until_it_goes_on(acme, receiver, webhook):
    steps.happen(acme)
    taken = steps.take()
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(suspended_at=timezone.now())

    for one in taken:
        sending.try_once(one, timezone.now)
    assert (steps.send_all(), receiver.requests, steps.deliveries(acme)[0].tries) == (0, 0, 0)
    with platform_scope():
        Tenant.objects.filter(pk=acme.pk).update(suspended_at=None)
    steps.send_all()

    assert steps.deliveries(acme)[0].status == "succeeded"


def test_a_sender_that_dies_after_the_call_is_followed_by_one_that_sends_the_same_id(acme, receiver, webhook):
    event = steps.happen(acme)
    (first,) = steps.take()
    with tenant_scope(acme):
        message = sending.message_of(steps.deliveries(acme)[0], timezone.now())
    sending.post(message, timezone.now())
    assert steps.take() == []
    steps.let_pass(acme, minutes=2)

    steps.send_all()
    late = outcomes.write(first, Outcome(204, "", 0.1), timezone.now())

    assert late is None
    assert [got.headers["webhook-id"] for got in receiver.received] == [str(event.pk)] * 2
    assert (steps.deliveries(acme)[0].status, len(steps.log(acme))) == ("succeeded", 1)


def test_a_message_that_ends_its_process_each_time_does_so_no_more_than_ten_times(acme, receiver, webhook):
    steps.happen(acme)
    for _ in range(10):
        steps.take()
        steps.let_pass(acme, minutes=2)

    steps.send_all()

    assert (receiver.requests, steps.deliveries(acme)[0].status, steps.log(acme)[0].error) == (0, "dead", "internal")


def test_a_secret_that_no_key_reads_loses_no_message(acme, receiver, webhook, caplog):
    with tenant_scope(acme):
        Webhook.objects.update(sealed_secret="0badc0de.AAAA")
    steps.happen(acme)

    steps.send_all()

    assert (receiver.requests, steps.deliveries(acme)[0].status, steps.log(acme)[0].error) == (0, "failed", "internal")
    assert "reencrypt" in caplog.text


def test_neither_url_nor_secret_is_logged(acme, receiver, webhook, json_log):
    steps.happen(acme)
    receiver.answers(500)

    steps.send_all()

    text = str(json_log())
    assert "webhook message" in text
    assert "the-secret" not in text
    assert secrets.read(webhook) not in text


def test_the_time_of_a_signature_is_that_of_its_try(acme, receiver, webhook):
    steps.happen(acme)
    at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    steps.send_all(lambda: at)

    assert receiver.received[0].headers["webhook-timestamp"] == str(int(at.timestamp()))
