"""Mail by SES, and what SES says of it afterwards, over real HTTP with the pretend AWS."""

from __future__ import annotations

import json
import uuid

import pytest
from django.utils import timezone

from reports.delivery import ses_events
from reports.delivery.bounces import Kind, MailEvent, take_in
from reports.models import Notice
from tests.reports.delivery import steps

pytestmark = pytest.mark.django_db


@pytest.fixture
def ses(aws, settings):
    settings.EMAIL_URL = f"ses://?from={steps.SENDER}&region=us-east-1&rate=1000"
    return aws


@pytest.fixture
def queue(ses, settings):
    sqs = ses.client("sqs")
    name = f"mail-events-{uuid.uuid4()}"
    settings.PORTAL_MAIL_EVENT_QUEUE_URL = sqs.create_queue(QueueName=name)["QueueUrl"]
    ses.control.set(mail_event_queue=name)
    return sqs


@pytest.fixture(autouse=True)
def no_long_wait(monkeypatch):
    monkeypatch.setattr("reports.aws.queue.WAIT_SECONDS", 0)


def read():
    return ses_events.read_queue(timezone.now(), seconds=5)


def test_a_mail_carries_the_id_of_its_row_as_a_tag(ses, job):
    delivery = steps.due_delivery(job, "kim@customer.example")

    steps.carry_all()

    (mail,) = ses.control.mails()
    assert (mail["sender"], mail["recipients"], mail["tags"]) == (steps.SENDER, ["kim@customer.example"], {"delivery": [str(delivery.pk)]})
    assert steps.now_of(delivery).answer == f"Accepted by Amazon SES as {mail['message_id']}."


def test_too_many_at_once_slow_down_and_cost_no_try(ses, job):
    delivery = steps.due_delivery(job)
    ses.control.fail_next("SendEmail", "TooManyRequestsException", status=429)

    steps.carry_all()
    waiting, slowed = steps.now_of(delivery), steps.budget()
    steps.let_pass(job.tenant, minutes=1)
    steps.carry_all()

    assert (waiting.status, waiting.tries) == ("pending", 0)
    assert slowed.next_send_at > timezone.now()
    assert steps.now_of(delivery).status == "sent"


@pytest.mark.parametrize("code", ["AccountSuspendedException", "SendingPausedException", "LimitExceededException", "AccessDeniedException"])
def test_what_ses_says_of_the_whole_account_rests_all_mail(ses, job, code):
    delivery = steps.due_delivery(job)
    ses.control.fail_next("SendEmail", code)

    steps.carry_all()

    assert (steps.now_of(delivery).status, steps.now_of(delivery).tries) == ("pending", 0)
    assert steps.budget().refused_since is not None


def test_an_answer_that_is_lost_may_mean_that_it_was_sent(ses, job):
    delivery = steps.due_delivery(job)
    ses.control.accept_then_drop("SendEmail")

    steps.carry_all()
    steps.let_pass(job.tenant, minutes=2)
    steps.carry_all()

    assert len(ses.control.mails()) == 2
    assert (steps.now_of(delivery).status, steps.now_of(delivery).maybe_twice) == ("sent", True)


def test_a_bounce_told_later_makes_the_delivery_bounced_and_the_address_suppressed(queue, job):
    delivery = steps.due_delivery(job, "bounce@simulator.amazonses.com")
    steps.carry_all()
    before = steps.now_of(delivery).status, steps.status_of_occurrence(job)

    changed = read()

    row = steps.now_of(delivery)
    assert before == ("sent", "delivered")
    assert changed == 1
    assert (row.status, row.failure_code, row.answer) == ("bounced", "no_such_address", "550 5.1.1 user unknown")
    assert steps.suppression(job.tenant, row.address).reason == "bounced"
    assert steps.status_of_occurrence(job) == "failed"


def test_a_complaint_suppresses_and_the_delivery_stays_sent(queue, job):
    delivery = steps.due_delivery(job, "complaint@simulator.amazonses.com")
    steps.carry_all()

    read()

    assert (steps.now_of(delivery).status, steps.now_of(delivery).failure_code) == ("sent", "complained")
    assert steps.suppression(job.tenant, "complaint@simulator.amazonses.com").reason == "complained"


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("key", ["notificationType", "eventType"])
def test_both_shapes_and_both_wrappings_are_read(queue, ses, job, raw, key):
    ses.control.set(raw_mail_events=raw, mail_event_key=key)
    steps.due_delivery(job, "bounce@simulator.amazonses.com")
    steps.carry_all()

    assert read() == 1


def event(mail_id, address="kim@customer.example", kind="Permanent", **mail):
    recipient = {"emailAddress": address, "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
    return {
        "notificationType": "Bounce",
        "bounce": {"bounceType": kind, "bounceSubType": "General", "bouncedRecipients": [recipient]},
        "mail": {"messageId": "0100", "headers": [{"name": "Message-ID", "value": f"<{mail_id}@mail.example>"}]} | mail,
    }


def put(queue, settings, *bodies):
    for body in bodies:
        text = body if isinstance(body, str) else json.dumps(body)
        queue.send_message(QueueUrl=settings.PORTAL_MAIL_EVENT_QUEUE_URL, MessageBody=text)


def test_told_twice_is_told_once(queue, job, settings):
    delivery = steps.due_delivery(job, "kim@customer.example")
    steps.carry_all()
    read()
    put(queue, settings, event(delivery.pk), event(delivery.pk), event(delivery.pk, kind="Transient"))

    assert read() == 1
    assert steps.now_of(delivery).status == "bounced"


def test_a_transient_one_is_noted_and_suppresses_nobody(queue, job, settings):
    delivery = steps.due_delivery(job, "kim@customer.example")
    steps.carry_all()
    put(queue, settings, event(delivery.pk, kind="Transient"))

    read()

    assert (steps.now_of(delivery).status, steps.now_of(delivery).failure_code) == ("sent", "held_up")
    assert steps.suppression(job.tenant, "kim@customer.example") is None


def test_what_is_not_ours_is_refused_logged_and_gone(queue, job, settings, json_log, globex):
    delivery, never_sent = steps.due_delivery(job, "kim@customer.example"), steps.due_notice(globex, "lee@customer.example")
    steps.carry_all()
    read()
    put(
        queue,
        settings,
        "no json",
        "[]",
        {"Type": "Notification", "Message": "no json"},
        {"notificationType": "Bounce", "bounce": {}, "mail": {}},
        event("no-id-of-ours"),
        event(uuid.uuid4()),
        event(delivery.pk, "somebody.else@customer.example"),
        event(never_sent.pk, "lee@customer.example"),
    )

    changed = read()

    assert changed == 0
    assert steps.now_of(delivery).status == "sent"
    assert steps.suppression(job.tenant, "kim@customer.example") is None
    assert steps.suppression(globex, "lee@customer.example") is None
    refused = [line for line in json_log() if line["level"] == "WARNING" and "refused" in line["message"]]
    assert len(refused) == 8
    assert "customer.example" not in str(refused)
    assert read() == 0


@pytest.mark.parametrize("said", ["550 \0 no", "550 \ud800 no", "n" * 5000], ids=["NUL", "half a character", "long"])
@pytest.mark.parametrize("kind", list(Kind))
def test_whatever_a_foreign_server_said_stops_nothing(smtp, job, kind, said):
    delivery = steps.due_delivery(job, "kim@customer.example")
    steps.carry_all()

    assert take_in(MailEvent(kind, delivery.pk, "kim@customer.example", "5.1.1", said), timezone.now())

    assert steps.now_of(delivery).answer == said.replace("\0", "").replace("\ud800", "")[:500]


def test_an_event_that_nests_too_deep_does_not_hold_back_those_behind_it(queue, job, settings):
    delivery = steps.due_delivery(job, "kim@customer.example")
    steps.carry_all()
    put(queue, settings, "[" * 100_000, {"Type": "Notification", "Message": "[" * 100_000}, event(delivery.pk))

    read()

    assert steps.now_of(delivery).status == "bounced"
    assert read() == 0


def test_it_is_told_of_notices_too(queue, acme, settings):
    notice = steps.due_notice(acme, "kim@customer.example")
    steps.carry_all(Notice)
    read()
    put(queue, settings, event(notice.pk))

    assert read() == 1
    assert steps.now_of(notice).status == "bounced"
