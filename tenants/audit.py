"""Writing the audit trail, in the same transaction as the act."""

from __future__ import annotations

import ipaddress
import json
import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest

from tenants.audit_privacy import keepable
from tenants.models import AuditEvent, Tenant

logger = logging.getLogger("audit")


@dataclass(frozen=True)
class Actor:
    """Who acts: a member, a key, a visitor with a link, or a command."""

    label: str
    # Of the platform's own person who acts as somebody of the company; empty: nobody stands behind another.
    impersonator: str = ""
    user_id: int | None = None
    api_key_id: uuid.UUID | None = None
    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""
    # Somebody who got a mail or a link: their network address is no line's, because they may be erased.
    is_end_customer: bool = False


def client_ip(request: HttpRequest) -> str | None:
    """As the outermost trusted proxy tells it; what a client writes into the header itself is not believed. None: no address."""
    hops = settings.TRUSTED_PROXY_HOPS
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
    address = told[-hops] if hops and len(told) >= hops else request.META.get("REMOTE_ADDR", "")
    try:
        # Without an IPv6 scope such as %eth0: it may be any text of any length, and says nothing outside that host.
        return str(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return None


def record(
    actor: Actor,
    action: str,
    *,
    now: datetime,
    tenant: Tenant | uuid.UUID | None,
    about: Any = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Never hand secrets, tokens or presigned URLs in `before` or `after`: rows are kept for years and leave the database.

    Nor what says who an end customer is, but an id: audit_privacy.py takes out what is seen to be an address.
    """
    _write([_row(actor, action, now, tenant, about, before, after)])


def record_each(
    actor: Actor, action: str, lines: Iterable[tuple[Any, dict[str, Any] | None, dict[str, Any] | None]], *, now: datetime, tenant: Tenant
) -> None:
    """One act upon many things: a line for each (about, before, after), so that each thing's own history has it. One statement."""
    _write([_row(actor, action, now, tenant, about, before, after) for about, before, after in lines])


def _row(
    actor: Actor,
    action: str,
    now: datetime,
    tenant: Tenant | uuid.UUID | None,
    about: Any,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
) -> AuditEvent:
    return AuditEvent(
        at=now,
        tenant_id=tenant if isinstance(tenant, uuid.UUID) or tenant is None else tenant.pk,
        actor=actor.label[:254],
        impersonator=actor.impersonator[:254],
        action=action,
        object_type=about._meta.model_name if about is not None else "",
        object_id=str(about.pk) if about is not None else "",
        before=keepable(action, about, before),
        after=keepable(action, about, after),
        ip=None if actor.is_end_customer else actor.ip,
        request_id=actor.request_id,
    )


def _write(rows: list[AuditEvent]) -> None:
    AuditEvent.objects.bulk_create(rows)
    # Once it is committed: what was rolled back was not done. A log that cannot be written undoes nothing.
    for row in rows:
        transaction.on_commit(partial(_ship, row), robust=True)


def _ship(row: AuditEvent) -> None:
    """Off the database as well, whose owner could take the triggers off the table."""
    facts = {
        "audit": str(row.pk),
        "at": row.at.isoformat(),
        "tenant": str(row.tenant_id or ""),
        "actor": row.actor,
        "impersonator": row.impersonator,
        "action": row.action,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "before": json.dumps(row.before, default=str),
        "after": json.dumps(row.after, default=str),
        "ip": row.ip,
        "request_id": row.request_id,
    }
    logger.info("%s by %s", row.action, row.actor, extra=facts)
