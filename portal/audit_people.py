"""Who the people of a page of the audit log are: its lines have ids, and the address book says whose they are."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _

from reports.address_book.references import REFERENCE, addresses, reference
from tenants.models import AuditEvent, Tenant


def name_people(tenant: Tenant, rows: list[AuditEvent]) -> None:
    """Writes addresses into the rows at hand, which are never saved. In the tenant's scope."""
    for row in rows:
        if row.object_type == "recipient":
            row.after = {"person": reference(row.object_id)} | (row.after or {})
    ids = [found for row in rows for found in REFERENCE.findall(f"{row.before} {row.after}")]
    known = addresses(tenant, ids) if ids else {}
    for row in rows:
        row.before, row.after = _named(row.before, known), _named(row.after, known)


def _named(value: Any, known: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _named(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [_named(one, known) for one in value]
    if isinstance(value, str):
        return REFERENCE.sub(lambda found: _word(found, known), value)
    return value


def _word(found: re.Match[str], known: dict[str, str]) -> str:
    return known.get(found[1]) or _("somebody who is not in the address book any more")
