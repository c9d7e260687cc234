"""Who mail comes from, and what tells one mail from another."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from django.conf import settings

from reports.models import Delivery, Notice


def sender_address() -> str:
    """The `from` of EMAIL_URL; without one an address at the portal's own host, which only previews show."""
    told = parse_qs(urlsplit(settings.EMAIL_URL).query).get("from", [""])[0]
    return told or f"reports@{urlsplit(settings.PORTAL_BASE_URL).hostname}"


def message_id(row: Delivery | Notice) -> str:
    """The same on every try: a mail program that gets a mail twice shows it once."""
    return f"<{row.pk}@{sender_address().rpartition('@')[2]}>"
