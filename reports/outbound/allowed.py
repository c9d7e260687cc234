"""PORTAL_OUTBOUND_ALLOW: hosts that the operator lets companies name although they are private, speak plain HTTP, or use another port."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.conf import settings

HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")


def read(entries: Iterable[str]) -> frozenset[tuple[str, int | None]]:
    """Of `host` (any port), `host:port` and `[address]:port`. Raises ValueError with the entry that is neither."""
    return frozenset(_entry(text) for text in entries)


def is_allowed(host: str, port: int) -> bool:
    allowed = read(settings.PORTAL_OUTBOUND_ALLOW)
    return (host, port) in allowed or (host, None) in allowed


def _entry(text: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(?:\[(?P<address>[^\]]+)\]|(?P<host>[^:\[\]]+))(?::(?P<port>[0-9]{1,5}))?", text.strip().lower())
    host = (found["address"] or found["host"]) if found else ""
    port = int(found["port"]) if found and found["port"] else None
    if not HOST.fullmatch(host) or port == 0 or (port or 0) > 65535:
        raise ValueError(text)
    return host, port
