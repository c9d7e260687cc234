"""Keys of ours. The header that carries one is all in which an API differs from another."""

from __future__ import annotations

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from reports.api.caller import Caller, actor_of
from tenants import log_context
from tenants.audit import client_ip
from tenants.key_use import EndedKey, ExpiredKey, UsableKey, look_up


class KeyExpired(AuthenticationFailed):
    default_code = "key_expired"
    default_detail = "This key has expired."


class KeyRevoked(AuthenticationFailed):
    default_code = "key_revoked"
    default_detail = "This key was revoked."


class KeyAuthentication(BaseAuthentication):
    """Subclasses say in which header the key stands, and what they answer to a text that is no key of ours."""

    def secret(self, request: Request) -> str:
        """Empty: no key was sent."""
        raise NotImplementedError

    def unknown(self) -> tuple[Caller, None] | None:
        raise AuthenticationFailed

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        secret = self.secret(request)
        if not secret:
            return None
        try:
            found = look_up(secret, timezone.now(), client_ip(request._request))
        except EndedKey as ended:
            raise (KeyExpired if isinstance(ended, ExpiredKey) else KeyRevoked) from ended
        if found is None:
            return self.unknown()
        log_context.note(tenant=found.key.tenant_id)
        return _caller(found, request), None


class XApiKey(KeyAuthentication):
    """`x-api-key: <key>`, as the older API's clients send it."""

    def secret(self, request: Request) -> str:
        return str(request.headers.get("x-api-key", ""))


def _caller(found: UsableKey, request: Request) -> Caller:
    key = found.key
    return Caller(
        key.tenant,
        actor_of(request, f"API key “{key.name}”", key.pk),
        found.scopes,
        key.family,
        key.name,
        f"…{key.hint}",
        key.expires_at,
        key.last_used_at,
    )
