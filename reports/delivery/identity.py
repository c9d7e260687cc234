"""Who mail comes from, and what tells one mail from another."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from django.conf import settings

from reports.delivery import email_url


def sender_address() -> str:
    """The `from` of EMAIL_URL; without one an address at the portal's own host, which only previews show."""
    setup = email_url.setup()
    return setup.sender if setup else f"reports@{urlsplit(settings.PORTAL_BASE_URL).hostname}"


def message_id(mail_id: uuid.UUID) -> str:
    """Of a row. The same on every try: a mail program that gets a mail twice shows it once."""
    return f"<{mail_id}@{sender_address().rpartition('@')[2]}>"


def is_set_up() -> bool:
    """False: nothing is sent, what is due waits, and pages say that email is not set up."""
    return email_url.setup() is not None
