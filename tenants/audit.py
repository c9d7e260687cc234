"""Writing the audit trail, in the same transaction as the act."""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from tenants.models import AuditEvent, Tenant


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
    tenant: Tenant | None,
    about: Any = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Never hand secrets, tokens or presigned URLs in `before` or `after`: rows are kept for years and leave the database."""
    AuditEvent.objects.bulk_create(
        [
            AuditEvent(
                at=now,
                tenant=tenant,
                actor=actor.label[:254],
                impersonator=actor.impersonator[:254],
                action=action,
                object_type=about._meta.model_name if about is not None else "",
                object_id=str(about.pk) if about is not None else "",
                before=before,
                after=after,
                ip=actor.ip,
                request_id=actor.request_id,
            )
        ]
    )
