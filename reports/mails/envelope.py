"""The message around a content: its headers, and nothing in them that somebody typed without being cleaned."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from reports.delivery.identity import message_id, sender_address
from reports.mails.content import Content, one_line
from reports.mails.drawing import as_html, as_text
from tenants.models import Tenant

MAX_SUBJECT = 200
MAX_NAME = 120


class Row(Protocol):
    """What a mail is of."""

    @property
    def pk(self) -> UUID: ...
    @property
    def address(self) -> str: ...


def message(row: Row, content: Content, now: datetime, *, sender: str, headers: dict[str, str]) -> EmailMultiAlternatives:
    """To the row's address alone. `sender` is the name that mail programs show."""
    letter = EmailMultiAlternatives(
        subject=one_line(content.subject, MAX_SUBJECT),
        body=as_text(content),
        from_email=f'"{quoted(sender)}" <{sender_address()}>',
        to=[row.address],
        reply_to=[content.reply_to] if content.reply_to else None,
        headers={
            "Message-ID": message_id(row.pk),
            "Date": format_datetime(now),
            # No out-of-office answers, please.
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
            **headers,
        },
    )
    letter.attach_alternative(as_html(content), "text/html")
    return letter


def quoted(name: str) -> str:
    """Fit to stand between quotation marks in a header."""
    return one_line(re.sub(r'[\\"<>]', " ", name), MAX_NAME)


def portal_name() -> str:
    """As the sign-in page has it."""
    return f"{settings.PLATFORM_NAME} Reports"


def company_sender(tenant: Tenant) -> str:
    return tenant.sender_name or f"{tenant.public_name} Reports"
