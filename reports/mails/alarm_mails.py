"""The mail about an alarm, to one of the platform's own people. In English, and with times in UTC, like the log that it speaks of."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from django.core.mail import EmailMessage
from django.utils import timezone, translation

from reports import words
from reports.alarms.words import first_sentence, text_of
from reports.mails import envelope
from reports.mails.content import Content, Fact
from reports.models import Alarm, AlarmMessage

LANGUAGE = "en"


@dataclass(frozen=True)
class Stamp:
    pk: uuid.UUID
    address: str


def mail_id(message: AlarmMessage, told: str) -> uuid.UUID:
    """Of the two mails that one receiver gets of an alarm; the same on every try."""
    return uuid.uuid5(message.pk, told)


def letter_of(message: AlarmMessage, told: str, now: datetime) -> EmailMessage:
    with translation.override(LANGUAGE), timezone.override(UTC):
        content = content_of(message.alarm, told)
        stamp = Stamp(mail_id(message, told), message.address)
        return envelope.message(stamp, content, now, sender=envelope.portal_name(), headers={})


def content_of(alarm: Alarm, told: str) -> Content:
    is_over = told == AlarmMessage.Told.ENDED
    title = first_sentence(alarm.sentence)
    facts = [Fact("Code", alarm.code), Fact("About", alarm.subject or "the whole portal"), Fact("Since", _at(alarm.raised_at))]
    if is_over and alarm.ended_at:
        facts.append(Fact("Over since", _at(alarm.ended_at)))
    if alarm.count > 1:
        facts.append(Fact("Times", str(alarm.count)))
    return Content(
        subject=f"{'Over' if is_over else 'Alarm'}: {title}",
        owner=envelope.portal_name(),
        title="It is over" if is_over else "Something needs you",
        glance=title,
        paragraphs=(text_of(alarm, told),),
        facts=tuple(facts),
        foot=envelope.portal_name(),
    )


def _at(at: datetime) -> str:
    return f"{words.moment_long(at)} UTC"
