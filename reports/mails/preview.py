"""A schedule's mail before anybody gets it: with made-up files, for whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone, translation

from reports import notices
from reports.delivery.identity import sender_address
from reports.mails import handing_over
from reports.mails.drawing import as_html, as_text
from reports.mails.envelope import company_sender
from reports.models import Notice, Schedule


@dataclass(frozen=True)
class Preview:
    sender: str
    sender_address: str
    reply_to: str
    subject: str
    html: str
    text: str


def preview(schedule: Schedule, recipient: str, language: str, now: datetime) -> Preview:
    """`recipient` is the name in the mail. In the tenant's scope."""
    with translation.override(language), timezone.override(schedule.zone):
        content = handing_over.content_of(handing_over.sample(schedule, recipient, now))
        return Preview(
            sender=company_sender(schedule.tenant),
            sender_address=sender_address(),
            reply_to=content.reply_to,
            subject=content.subject,
            html=as_html(content),
            text=as_text(content),
        )


def subject(schedule: Schedule, recipient: str, now: datetime) -> str:
    """Of the schedule's next mail, in the current language; it need not be stored."""
    with timezone.override(schedule.zone):
        return handing_over.subject_of(handing_over.sample(schedule, recipient, now))


def send_test(schedule: Schedule, address: str, name: str, language: str, now: datetime) -> Notice:
    """To whoever asked, and nobody else. The same mail asked for again within a minute is one mail. In the tenant's scope."""
    key = f"test:{schedule.pk}:{language}:{now:%Y%m%d%H%M}:{address}"
    notice, _is_new = notices.ask_for(
        schedule.tenant, Notice.Kind.TEST, key[:200], address, now=now, language=language, schedule=schedule, data={"name": name}
    )
    return notice
