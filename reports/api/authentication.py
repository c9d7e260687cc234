"""Who calls: an API key stands for its tenant. The header that carries it is all in which one API differs from another."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from tenants import log_context
from tenants.audit import Actor, client_ip
from tenants.models import ApiKey, ApiKeyIndex, Tenant
from tenants.scope import tenant_scope
from tenants.secrets import secret_hash


@dataclass(frozen=True)
class Caller:
    """`request.user` of every API: a key in force, its tenant, and how both are written down."""

    tenant: Tenant
    key: ApiKey
    actor: Actor
    is_authenticated: ClassVar[bool] = True

    def scope(self) -> AbstractContextManager[None]:
        return tenant_scope(self.tenant)


class KeyAuthentication(BaseAuthentication):
    """Subclasses say in which header the key stands."""

    def secret(self, request: Request) -> str:
        """Empty: no key was sent."""
        raise NotImplementedError

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey] | None:
        secret = self.secret(request)
        if not secret:
            return None
        key = find_key(secret, timezone.now())
        if key is None:
            raise AuthenticationFailed
        log_context.note(tenant=key.tenant_id)
        return Caller(key.tenant, key, _actor(key, request)), key


class XApiKey(KeyAuthentication):
    """`x-api-key: <key>`, as the older API's clients send it."""

    def secret(self, request: Request) -> str:
        return str(request.headers.get("x-api-key", ""))


def find_key(secret: str, now: datetime) -> ApiKey | None:
    """The key with its tenant, if it is in force. Outside any scope; the use is noted in a transaction of its own."""
    sha256 = secret_hash(secret)
    tenant_id = ApiKeyIndex.objects.filter(sha256=sha256).values_list("tenant_id", flat=True).first()
    if tenant_id is None:
        return None
    with tenant_scope(tenant_id):
        key = ApiKey.objects.usable(now).select_related("tenant").filter(sha256=sha256).first()
        if key is not None:
            ApiKey.objects.note_use(key, now)
        return key


def _actor(key: ApiKey, request: Request) -> Actor:
    return Actor(
        f"API key “{key.name}”",
        api_key_id=key.pk,
        ip=client_ip(request._request),
        user_agent=request.headers.get("User-Agent", ""),
        request_id=getattr(request, "request_id", ""),
    )
