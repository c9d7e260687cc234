"""What SES tells of its mails, through SNS, in an SQS queue: the notifications of an identity, or the events of a configuration set."""

from __future__ import annotations

import json
import logging
import time
import uuid
from datetime import datetime
from typing import Any

from django.conf import settings

from reports.aws import queue
from reports.aws.errors import AwsError
from reports.delivery.bounces import Foreign, Kind, MailEvent, read_id, take_in
from reports.delivery.email import TAG

logger = logging.getLogger(__name__)
READ_SECONDS = 40.0


def read_queue(now: datetime, *, seconds: float = READ_SECONDS) -> int:
    """All that is there, and what comes within the first wait. Returns the number of events that changed something.

    A message is deleted after it was taken in, so one that a crash interrupted comes again.
    """
    url, region, end, changed = settings.PORTAL_MAIL_EVENT_QUEUE_URL, settings.AWS_REGION, time.monotonic() + seconds, 0
    while url and time.monotonic() < end:
        try:
            messages = queue.receive(region, url)
            for message in messages:
                changed += sum(take_in(event, now) for event in _read(message.body))
            if not messages:
                break
            queue.delete(region, url, messages)
        except AwsError as error:
            logger.warning("the queue of mail events does not answer: %s", error.code)
            break
    return changed


def _read(body: str) -> list[MailEvent]:
    try:
        return parse(body)
    except Foreign as error:
        logger.warning("mail event refused: %s", error)
        return []


def parse(body: str) -> list[MailEvent]:
    """One for each recipient that it is about; none for what is no bad news. Raises Foreign."""
    try:
        told = _unwrapped(json.loads(body))
        name = told.get("notificationType") or told.get("eventType")
        reader = READERS.get(name)
        return reader(_mail_id(told["mail"]), told) if reader else []
    except Foreign:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Foreign(f"not an event of SES ({type(error).__name__})") from None


def _unwrapped(told: Any) -> Any:
    """SNS puts it into an envelope, unless the subscription says raw."""
    return json.loads(told["Message"]) if told.get("Type") == "Notification" else told


def _mail_id(mail: dict[str, Any]) -> uuid.UUID:
    """Our tag, which the events of a configuration set bring; else our own Message-ID among the headers as we sent them."""
    headers = {str(header["name"]).lower(): str(header["value"]) for header in mail.get("headers", ())}
    found = read_id(" ".join(mail.get("tags", {}).get(TAG, ()))) or read_id(headers.get("message-id", ""))
    if found is None:
        raise Foreign("neither our tag nor our Message-ID is in it")
    return found


def _bounce(mail_id: uuid.UUID, told: dict[str, Any]) -> list[MailEvent]:
    kind = Kind.BOUNCED if told["bounce"]["bounceType"] == "Permanent" else Kind.DELAYED
    return [_about(kind, mail_id, recipient) for recipient in told["bounce"]["bouncedRecipients"]]


def _delay(mail_id: uuid.UUID, told: dict[str, Any]) -> list[MailEvent]:
    return [_about(Kind.DELAYED, mail_id, recipient) for recipient in told["deliveryDelay"]["delayedRecipients"]]


def _complaint(mail_id: uuid.UUID, told: dict[str, Any]) -> list[MailEvent]:
    said = str(told["complaint"].get("complaintFeedbackType") or "")
    return [
        MailEvent(Kind.COMPLAINED, mail_id, str(recipient["emailAddress"]), answer=said)
        for recipient in told["complaint"]["complainedRecipients"]
    ]


def _about(kind: Kind, mail_id: uuid.UUID, recipient: dict[str, Any]) -> MailEvent:
    said = str(recipient.get("diagnosticCode") or "").removeprefix("smtp; ")
    return MailEvent(kind, mail_id, str(recipient["emailAddress"]), str(recipient.get("status") or ""), said)


READERS = {"Bounce": _bounce, "Complaint": _complaint, "DeliveryDelay": _delay}
