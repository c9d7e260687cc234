"""Which language somebody reads who has no account. Pages of members are English until all of them have German."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import get_language_from_request

from reports.models import Link


def customer_language(request: HttpRequest, link: Link | None = None) -> str:
    """What the recipient was known to read when the link was made; else what the browser asks for. One of settings.LANGUAGES."""
    return (link.language if link else "") or get_language_from_request(request)
