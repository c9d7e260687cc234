"""A line of the audit log for people: what was before, and what after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tenants.audit_privacy import HIDDEN
from tenants.models import AuditEvent

MOST_SHOWN = 300


@dataclass(frozen=True)
class Fact:
    name: str
    # Empty: it was not there.
    before: str
    after: str


def facts(row: AuditEvent) -> Iterator[Fact]:
    """What changed comes with both values; what only stands there, with its own."""
    before, after = row.before or {}, row.after or {}
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = _text(before.get(name)), _text(after.get(name))
        if old == new == HIDDEN:
            yield Fact(name.replace("_", " "), "", _("changed"))
        elif old != new or name not in before:
            yield Fact(name.replace("_", " "), old, new)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = [f"{key}={one}" for key, one in value.items()]
    text = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
