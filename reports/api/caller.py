"""Who calls an API, whatever proved it: a key of ours, or what a deployment's own authenticator accepts."""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from rest_framework.request import Request

from tenants.audit import Actor, client_ip
from tenants.models import Tenant
from tenants.scope import tenant_scope


@dataclass(frozen=True)
class Caller:
    """`request.user` of every API. It acts for one tenant, and does what `scopes` name and nothing else."""

    tenant: Tenant
    actor: Actor
    # Writing includes reading: both are in it.
    scopes: frozenset[str]
    # Stays when a key is replaced: rates and repeated requests are counted under it.
    family: uuid.UUID
    name: str
    hint: str | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    is_authenticated: ClassVar[bool] = True

    def scope(self) -> AbstractContextManager[None]:
        return tenant_scope(self.tenant)


def actor_of(request: Request, label: str, api_key_id: uuid.UUID | None = None) -> Actor:
    return Actor(
        label,
        api_key_id=api_key_id,
        ip=client_ip(request._request),
        user_agent=request.headers.get("User-Agent", ""),
        request_id=getattr(request, "request_id", ""),
    )
