"""Returned mail: a delivery status notification (RFC 3464) that somebody's mail server sent to our return path."""

from __future__ import annotations

import email
import email.policy
import logging
from collections.abc import Iterator
from datetime import datetime
from email.message import Message

from reports.delivery.bounces import Foreign, Kind, MailEvent, read_id, take_in

logger = logging.getLogger(__name__)
MOST_BYTES = 5_000_000
KINDS = {"failed": Kind.BOUNCED, "delayed": Kind.DELAYED}
RETURNED = ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers")


def read(raw: bytes, now: datetime, *, recipient: str = "") -> int:
    """`recipient`: the address that the returned mail came to. How many events changed something; what is foreign is logged and dropped."""
    try:
        events = parse(raw, recipient=recipient)
    except (Foreign, RecursionError) as error:
        # The latter: parts in parts, a thousand deep, which no mail server writes.
        logger.warning("returned mail refused: %s", error)
        return 0
    return sum(take_in(event, now) for event in events)


def parse(raw: bytes, *, recipient: str = "") -> list[MailEvent]:
    """Raises Foreign."""
    if len(raw) > MOST_BYTES:
        raise Foreign(f"longer than {MOST_BYTES} bytes")
    message = email.message_from_bytes(raw, policy=email.policy.compat32)
    if message.get_content_type() != "multipart/report" or message.get_param("report-type") != "delivery-status":
        raise Foreign("not a delivery status notification")
    mail_id = read_id(recipient) or read_id(_message_id_of_returned(message))
    if mail_id is None:
        raise Foreign("neither its return path nor what it returns has an id of ours")
    # Of each recipient a block, after one about the message as a whole.
    fields = [block for part in message.walk() if part.get_content_type() == "message/delivery-status" for block in _blocks(part)]
    return [
        MailEvent(
            KINDS[action], mail_id, _value(block, "Final-Recipient"), str(block["Status"] or "").strip(), _value(block, "Diagnostic-Code")
        )
        for block in fields
        if (action := str(block["Action"] or "").strip().lower()) in KINDS
    ]


def _blocks(part: Message) -> Iterator[Message]:
    payload = part.get_payload()
    if isinstance(payload, list):
        yield from (block for block in payload if isinstance(block, Message) and block["Final-Recipient"])


def _value(block: Message, name: str) -> str:
    """Without its type: `rfc822; kim@customer.example`."""
    return " ".join(str(block[name] or "").partition(";")[2].split())


def _message_id_of_returned(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() in RETURNED:
            payload = part.get_payload()
            inner = payload[0] if isinstance(payload, list) and payload else email.message_from_string(str(payload))
            if isinstance(inner, Message) and inner["Message-ID"]:
                return str(inner["Message-ID"])
    return ""
