"""What a mail says, as plainly as can be: a sentence, and the link."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.core.mail import EmailMessage

from reports.delivery.unsubscribing import unsubscribe_url
from reports.models import Delivery, Notice, SnapshotFile


@dataclass(frozen=True)
class Letter:
    """`files`: to attach; the courier reads them when it sends."""

    message: EmailMessage
    files: list[SnapshotFile] = field(default_factory=list)


def letter_of(delivery: Delivery, url: str, now: datetime) -> Letter:
    stop = unsubscribe_url(delivery)
    headers = {"List-Unsubscribe": f"<{stop}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    text = f"Your report {delivery.job.report.name} is ready:\n{url}\n\nStop these emails: {stop}\n"
    return Letter(EmailMessage(delivery.job.report.name, text, delivery.tenant.name, headers=headers))


def letter_of_notice(notice: Notice, now: datetime) -> Letter | None:
    return Letter(EmailMessage(notice.get_kind_display(), notice.tenant.name, notice.tenant.name))
