"""What SES tells of its mails afterwards: an event in SNS's envelope, in an SQS queue of moto's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.sqs.models import sqs_backends

from portal.local.aws.outbox import SentMail
from portal.local.aws.world import World

# What becomes of mail to SES's own addresses for trying this out; any other mail is delivered.
SIMULATOR = "@simulator.amazonses.com"
SIMULATED = {f"bounce{SIMULATOR}": ["bounce"], f"complaint{SIMULATOR}": ["delivery", "complaint"]}
Recipients = Sequence[str]


def _bounce(recipients: Recipients, at: str) -> dict[str, Any]:
    return _bounced(recipients, at, "Permanent", "General", "5.1.1", "550 5.1.1 user unknown")


def _soft_bounce(recipients: Recipients, at: str) -> dict[str, Any]:
    return _bounced(recipients, at, "Transient", "MailboxFull", "4.2.2", "452 4.2.2 mailbox full")


def _bounced(recipients: Recipients, at: str, kind: str, sub_kind: str, status: str, answer: str) -> dict[str, Any]:
    bounced = [{"emailAddress": one, "action": "failed", "status": status, "diagnosticCode": f"smtp; {answer}"} for one in recipients]
    feedback = {"timestamp": at, "feedbackId": f"0100{uuid.uuid4()}-000000", "reportingMTA": "dsn; a8-95.smtp-out.amazonses.com"}
    return {"bounceType": kind, "bounceSubType": sub_kind, "bouncedRecipients": bounced} | feedback


def _complaint(recipients: Recipients, at: str) -> dict[str, Any]:
    feedback = {"timestamp": at, "arrivalDate": at, "feedbackId": f"0100{uuid.uuid4()}-000000", "userAgent": "Amazon SES Mailbox Simulator"}
    return {"complainedRecipients": [{"emailAddress": one} for one in recipients], "complaintFeedbackType": "abuse"} | feedback


def _delivery(recipients: Recipients, at: str) -> dict[str, Any]:
    answer = {"smtpResponse": "250 2.6.0 Message received", "reportingMTA": "a8-95.smtp-out.amazonses.com"}
    return {"timestamp": at, "processingTimeMillis": 546, "recipients": list(recipients)} | answer


# The event's name, and the member that tells of it.
EVENTS: dict[str, tuple[str, Callable[[Recipients, str], dict[str, Any]]]] = {
    "bounce": ("Bounce", _bounce),
    "soft_bounce": ("Bounce", _soft_bounce),
    "complaint": ("Complaint", _complaint),
    "delivery": ("Delivery", _delivery),
}


def tell_of(mail: SentMail, world: World) -> None:
    """Of a mail that was just taken, if anybody listens. SES tells each recipient's fate by itself."""
    if world.switches.mail_event_queue:
        for recipient in mail.recipients:
            for kind in SIMULATED.get(recipient.lower(), ["delivery"]):
                publish(event(mail, kind, [recipient], world), mail.region, world.switches.mail_event_queue, world)


def event(mail: SentMail, kind: str, recipients: Recipients, world: World) -> dict[str, Any]:
    name, member = EVENTS[kind]
    return {
        world.switches.mail_event_key: name,
        name.lower(): member(recipients, _moment(world.clock.now())),
        "mail": {
            "timestamp": _moment(mail.at),
            "source": mail.sender,
            "sourceArn": f"arn:aws:ses:{mail.region}:{world.account}:identity/{mail.sender.rpartition('@')[2]}",
            "sendingAccountId": world.account,
            "messageId": mail.message_id,
            "destination": mail.recipients,
            "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in mail.headers],
            "commonHeaders": {"messageId": mail.message_id, "subject": dict(mail.headers).get("Subject", "")},
            "tags": mail.tags | ({"ses:configuration-set": [mail.configuration_set]} if mail.configuration_set else {}),
        },
    }


def publish(told: dict[str, Any], region: str, queue: str, world: World) -> None:
    """Raises LookupError when there is no queue of that name in the region."""
    sqs = sqs_backends[world.account][region]
    if queue not in sqs.queues:
        raise LookupError(f"There is no queue {queue!r} in {region}.")
    body = json.dumps(told)
    sqs.send_message(queue, body if world.switches.raw_mail_events else json.dumps(_envelope(body, region, world)))


def _envelope(body: str, region: str, world: World) -> dict[str, str]:
    """As SNS wraps what it puts into a queue."""
    topic = f"arn:aws:sns:{region}:{world.account}:mail-events"
    return {
        "Type": "Notification",
        "MessageId": str(uuid.uuid4()),
        "TopicArn": topic,
        "Subject": "Amazon SES Email Event Notification",
        "Message": body,
        "Timestamp": _moment(world.clock.now()),
        "SignatureVersion": "1",
        "Signature": "EXAMPLE",
        "SigningCertURL": f"https://sns.{region}.amazonaws.com/SimpleNotificationService-EXAMPLE.pem",
        "UnsubscribeURL": f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={topic}:EXAMPLE",
    }


def _moment(epoch_seconds: float) -> str:
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
