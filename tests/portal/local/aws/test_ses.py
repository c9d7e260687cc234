from __future__ import annotations

import email
import email.policy
import json
import uuid
from email.message import EmailMessage
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, HTTPClientError

from tests.pretend_aws import Server

FROM, KIM, LEE = "reports@anycompany.example", "kim@acme.example", "lee@acme.example"


@pytest.fixture
def ses(aws: Server) -> Any:
    return aws.client("sesv2")


@pytest.fixture
def queue(aws: Server) -> Any:
    """`queue()` gives the bodies of the messages in it, and empties it."""
    sqs = aws.client("sqs")
    name = f"mail-events-{uuid.uuid4()}"
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    aws.control.set(mail_event_queue=name)

    def take() -> list[dict[str, Any]]:
        return [json.loads(each["Body"]) for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])]

    return take


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Acme Hotels <{FROM}>", KIM, "Ihr Bericht für März"
    message["Message-ID"] = "<one@fanfold.example>"
    message.set_content("Grüße")
    return message


def send(ses: Any, *to: str, **more: Any) -> str:
    raw = {"Raw": {"Data": letter().as_bytes(policy=email.policy.SMTP)}}
    return ses.send_email(FromEmailAddress=FROM, Destination={"ToAddresses": list(to or [KIM])}, Content=raw, **more)["MessageId"]


def events(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(body["Message"]) for body in bodies]


def test_a_mail_gets_an_id_and_can_be_read_back(aws: Server, ses: Any) -> None:
    message_id = send(ses, KIM, LEE, EmailTags=[{"Name": "delivery", "Value": "7"}], ConfigurationSetName="portal")

    (mail,) = aws.control.mails()
    assert (mail["message_id"], mail["sender"], mail["recipients"]) == (message_id, FROM, [KIM, LEE])
    assert (mail["tags"], mail["configuration_set"]) == ({"delivery": ["7"]}, "portal")
    assert email.message_from_string(mail["raw"], policy=email.policy.default)["Subject"] == "Ihr Bericht für März"


def test_ses_puts_its_own_message_id_in_the_place_of_the_senders(aws: Server, ses: Any) -> None:
    message_id = send(ses)

    (mail,) = aws.control.mails()
    assert f"Message-ID: <{message_id}@email.amazonses.com>" in mail["raw"]
    assert "<one@fanfold.example>" not in mail["raw"]
    assert ["Message-ID", "<one@fanfold.example>"] in mail["headers"]


def test_recipients_stand_in_the_headers_if_nowhere_else(aws: Server, ses: Any) -> None:
    ses.send_email(Content={"Raw": {"Data": letter().as_bytes()}})

    assert [(mail["sender"], mail["recipients"]) for mail in aws.control.mails()] == [(FROM, [KIM])]


def test_simple_content_becomes_a_mail_too(aws: Server, ses: Any) -> None:
    body = {"Text": {"Data": "Grüße"}, "Html": {"Data": "<p>Grüße</p>"}}
    simple = {"Subject": {"Data": "März"}, "Body": body}
    ses.send_email(FromEmailAddress=FROM, Destination={"ToAddresses": [KIM], "BccAddresses": [LEE]}, Content={"Simple": simple})

    (mail,) = aws.control.mails()
    message = email.message_from_string(mail["raw"], policy=email.policy.default)
    assert (message["Subject"], message["To"], message["Bcc"], mail["recipients"]) == ("März", KIM, None, [KIM, LEE])
    assert [part.get_content().strip() for part in message.iter_parts()] == ["Grüße", "<p>Grüße</p>"]


@pytest.mark.parametrize("address", [FROM, LEE])
def test_a_rejected_address_rejects_the_message(aws: Server, ses: Any, address: str) -> None:
    aws.control.set(rejected_addresses=[address])

    with pytest.raises(ses.exceptions.MessageRejected) as caught:
        send(ses, KIM, LEE)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert address in caught.value.response["Error"]["Message"]
    assert aws.control.mails() == []


def test_above_the_rate_of_the_account_a_mail_is_refused(aws: Server, ses: Any) -> None:
    aws.control.set(mails_per_second=2)

    for _ in range(2):
        send(ses)
    with pytest.raises(ses.exceptions.TooManyRequestsException) as caught:
        send(ses)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert len(aws.control.mails()) == 2


@pytest.mark.parametrize("request_", [{"Content": {}}, {"Content": {"Raw": {"Data": b"Subject: to nobody\r\n\r\n"}}}])
def test_a_mail_without_content_or_recipients_is_refused(aws: Server, ses: Any, request_: dict[str, Any]) -> None:
    with pytest.raises(ses.exceptions.BadRequestException):
        ses.send_email(**request_)

    assert aws.control.mails() == []


def test_more_than_fifty_recipients_are_refused(ses: Any) -> None:
    with pytest.raises(ses.exceptions.BadRequestException, match="50"):
        send(ses, *(f"n{number}@acme.example" for number in range(51)))


def test_who_may_not_send_is_denied(aws: Server, ses: Any) -> None:
    aws.control.set(denied=["ses:*"])

    with pytest.raises(ClientError, match="AccessDeniedException") as caught:
        send(ses)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_an_unsigned_or_wrongly_signed_mail_is_refused(aws: Server) -> None:
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        send(aws.client("sesv2", keys=("AKIAIOSFODNN7EXAMPLE", "wrong")))

    assert aws.control.mails() == []


def test_other_operations_are_not_offered(ses: Any) -> None:
    with pytest.raises(ClientError, match="UnknownOperationException"):
        ses.get_account()


def test_errors_can_be_asked_for(aws: Server, ses: Any) -> None:
    aws.control.fail_next("SendEmail", "SendingPausedException")

    with pytest.raises(ses.exceptions.SendingPausedException):
        send(ses)

    assert send(ses)


def test_a_mail_can_be_taken_and_the_answer_lost(aws: Server, ses: Any) -> None:
    aws.control.accept_then_drop("SendEmail")

    with pytest.raises((HTTPClientError, EndpointConnectionError)):
        send(ses)

    assert len(aws.control.mails()) == 1


def test_a_connection_can_be_lost_before_the_mail_was_taken(aws: Server, ses: Any) -> None:
    aws.control.drop("SendEmail")

    with pytest.raises((HTTPClientError, EndpointConnectionError)):
        send(ses)

    assert aws.control.mails() == []


def test_an_answer_can_come_late(aws: Server) -> None:
    aws.control.hang("SendEmail", seconds=2)

    with pytest.raises(HTTPClientError, match="Read timeout"):
        send(aws.client("sesv2", read_timeout=0.5))

    assert len(aws.control.mails()) == 1


def test_each_recipients_delivery_is_told_in_snss_envelope(ses: Any, queue: Any) -> None:
    message_id = send(ses, KIM, LEE, EmailTags=[{"Name": "delivery", "Value": "7"}], ConfigurationSetName="portal")

    bodies = queue()

    assert {(body["Type"], body["TopicArn"]) for body in bodies} == {("Notification", "arn:aws:sns:us-east-1:111122223333:mail-events")}
    assert [(told["eventType"], told["delivery"]["recipients"]) for told in events(bodies)] == [("Delivery", [KIM]), ("Delivery", [LEE])]
    mail = events(bodies)[0]["mail"]
    assert (mail["messageId"], mail["destination"]) == (message_id, [KIM, LEE])
    assert mail["tags"] == {"delivery": ["7"], "ses:configuration-set": ["portal"]}
    assert {"name": "Message-ID", "value": "<one@fanfold.example>"} in mail["headers"]


def test_mail_to_the_simulators_addresses_bounces_or_is_complained_about(ses: Any, queue: Any) -> None:
    send(ses, "bounce@simulator.amazonses.com")
    send(ses, "complaint@simulator.amazonses.com")

    bounce, delivery, complaint = events(queue())

    assert bounce["bounce"]["bounceType"] == "Permanent"
    assert bounce["bounce"]["bouncedRecipients"][0]["emailAddress"] == "bounce@simulator.amazonses.com"
    assert (delivery["eventType"], complaint["eventType"]) == ("Delivery", "Complaint")
    assert complaint["complaint"]["complainedRecipients"] == [{"emailAddress": "complaint@simulator.amazonses.com"}]


@pytest.mark.parametrize(("kind", "bounce_type"), [("bounce", "Permanent"), ("soft_bounce", "Transient")])
def test_a_known_mail_can_bounce_later(aws: Server, ses: Any, queue: Any, kind: str, bounce_type: str) -> None:
    message_id = send(ses, KIM, LEE)
    queue()

    aws.control.mail_event(message_id, kind, recipient=LEE)

    (told,) = events(queue())
    assert (told["eventType"], told["bounce"]["bounceType"], told["mail"]["messageId"]) == ("Bounce", bounce_type, message_id)
    assert [each["emailAddress"] for each in told["bounce"]["bouncedRecipients"]] == [LEE]


def test_events_can_come_as_feedback_notifications_and_without_the_envelope(aws: Server, ses: Any, queue: Any) -> None:
    aws.control.set(mail_event_key="notificationType", raw_mail_events=True)

    send(ses)

    (body,) = queue()
    assert (body["notificationType"], body["delivery"]["recipients"]) == ("Delivery", [KIM])


def test_nobody_is_told_unless_a_queue_is_named(aws: Server, ses: Any, queue: Any) -> None:
    aws.control.set(mail_event_queue="")

    send(ses)

    assert queue() == []


def test_a_reset_forgets_the_mails(aws: Server, ses: Any) -> None:
    send(ses)

    aws.control.reset()

    assert aws.control.mails() == []
