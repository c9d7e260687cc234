"""What is heard of a mail after it left: that it came back, or that somebody called it spam. Told by SES or by a returned mail.

Whoever can write to the queue or the mailbox can say anything, so nothing is believed but what names a row of ours, by the id that only
its mail held, together with the address it went to. Told twice, or in any order, it comes to the same.
"""

from __future__ import annotations

import logging
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from reports.delivery import outcomes, replies
from reports.models import Delivery, Notice
from tenants import log_context
from tenants.scope import engine_scope, tenant_scope

logger = logging.getLogger(__name__)
OUR_ID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}")


# The mail came back, but the address is a good one: the next mail may arrive.
PASSES = {"mailbox_full", "too_large", "not_accepted"}


class Foreign(ValueError):
    """Not about a mail of ours, or not of the shape it should have. The text says what is wrong, without an address."""


class Kind(Enum):
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    # Not for good; SES says it too of mail that it stopped trying to hand over.
    DELAYED = "delayed"


@dataclass(frozen=True)
class MailEvent:
    """`status` is RFC 3463's, such as 5.1.1, or empty; `answer` the other mail server's words."""

    kind: Kind
    mail_id: uuid.UUID
    address: str
    status: str = ""
    answer: str = ""


def read_id(text: str) -> uuid.UUID | None:
    """Of a row, as a Message-ID, a tag or a return path holds it."""
    found = OUR_ID.search(text.lower())
    return uuid.UUID(found[0]) if found else None


def take_in(event: MailEvent, now: datetime) -> bool:
    """Outside any scope. False: it changed nothing, because it was known, or foreign and refused, which is logged."""
    found = _owner(event.mail_id)
    if found is None:
        return _refuse(event, "no mail has this id")
    model, tenant_id = found
    with log_context.about(tenant=tenant_id), tenant_scope(tenant_id):
        outgoing = model.objects.select_for_update(of=("self",)).select_related("tenant").get(pk=event.mail_id)
        if outgoing.address.lower() != event.address.strip().lower():
            return _refuse(event, "that mail went to another address")
        if not outgoing.tries or outgoing.status == outgoing.Status.SUPPRESSED:
            return _refuse(event, "that mail was never sent")
        changed = _note(outgoing, event, now)
    logger.info("mail %s: %s", event.mail_id, event.kind.value, extra={"why": event.status, "changed": changed})
    return changed


def _note(outgoing: Delivery | Notice, event: MailEvent, now: datetime) -> bool:
    if event.kind is Kind.BOUNCED:
        code = replies.SUBJECTS.get(event.status[2:], "not_accepted" if event.status.startswith("5.7.") else "returned")
        passes = event.status.startswith("4.") or code in PASSES
        return outcomes.came_back(outgoing, code, event.answer, now, suppress=not passes)
    if event.kind is Kind.COMPLAINED:
        return outcomes.complained(outgoing, event.answer, now)
    return outcomes.delayed(outgoing, event.answer)


def _owner(mail_id: uuid.UUID) -> tuple[type[Delivery] | type[Notice], uuid.UUID] | None:
    models: tuple[type[Delivery] | type[Notice], ...] = (Delivery, Notice)
    with engine_scope():
        for model in models:
            if tenant_id := model.objects.filter(pk=mail_id).values_list("tenant_id", flat=True).first():
                return model, tenant_id
    return None


def _refuse(event: MailEvent, why: str) -> bool:
    logger.warning("mail event refused: %s", why, extra={"mail": str(event.mail_id), "kind": event.kind.value})
    return False
