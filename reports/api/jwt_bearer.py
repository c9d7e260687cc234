"""A deployment's own tokens in place of keys: JSON Web Tokens (RFC 7519) of one issuer, who may speak for the companies that are listed.

Also the example of an authenticator of one's own: it answers None to what is not for it, raises AuthenticationFailed for what is wrong,
and else gives a Caller. Which algorithm a key is for is decided by the key, never by the token.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from reports.api.authentication import KeyExpired
from reports.api.caller import Caller, actor_of
from reports.api.jwt_keys import BadKeys, public_keys
from reports.api.v1.authentication import bearer
from tenants import key_scopes, log_context
from tenants.models import Tenant, TenantCode
from tenants.models.members import Role
from tenants.models.tenant import is_code
from tenants.scope import tenant_scope

LEEWAY = timedelta(seconds=30)
# Nobody can take a token back, so that it has to end soon.
LONGEST = timedelta(days=1)
MAX_LENGTH = 8192
MAX_SUBJECT = 200
REQUIRED = ["iss", "aud", "sub", "exp", "nbf", "iat"]
NEEDED = ("PORTAL_JWT_ISSUER", "PORTAL_JWT_AUDIENCE", "PORTAL_JWT_KEYS", "PORTAL_JWT_TENANTS")


@dataclass(frozen=True)
class Claims:
    subject: str
    code: str
    scopes: frozenset[str]
    expires_at: datetime


class JwtBearer(BaseAuthentication):
    @classmethod
    def check_settings(cls) -> None:
        for name in NEEDED:
            if not getattr(settings, name):
                raise ImproperlyConfigured(f"{name} is not set, and PORTAL_API_AUTHENTICATORS names an authenticator that needs it.")
        for code in _allowed().values():
            if not is_code(code):
                raise ImproperlyConfigured(f"PORTAL_JWT_TENANTS: {code!r} is not the code of a company.")
        try:
            public_keys(settings.PORTAL_JWT_KEYS)
        except BadKeys as error:
            raise ImproperlyConfigured(f"PORTAL_JWT_KEYS: {error}") from error

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        token = bearer(request)
        if token.count(".") != 2 or len(token) > MAX_LENGTH:
            return None
        claims = _read(token)
        tenant = _tenant(claims.code)
        log_context.note(tenant=tenant.pk)
        family = uuid.uuid5(tenant.pk, f"{settings.PORTAL_JWT_ISSUER} {claims.subject}")
        actor = actor_of(request, f"Token of “{claims.subject}”")
        return Caller(tenant, actor, claims.scopes, family, claims.subject, expires_at=claims.expires_at), None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


def _read(token: str) -> Claims:
    """Raises AuthenticationFailed; KeyExpired for what the issuer did sign."""
    try:
        key = public_keys(settings.PORTAL_JWT_KEYS).find(jwt.get_unverified_header(token).get("kid"))
        claims = jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm],
            audience=settings.PORTAL_JWT_AUDIENCE,
            issuer=settings.PORTAL_JWT_ISSUER,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )
    except jwt.ExpiredSignatureError as error:
        raise KeyExpired from error
    except (jwt.PyJWTError, ValueError, OverflowError, RecursionError) as error:
        raise AuthenticationFailed from error
    return _understood(claims)


def _understood(claims: dict[str, Any]) -> Claims:
    subject, called = claims["sub"], claims.get(settings.PORTAL_JWT_TENANT_CLAIM)
    code = _allowed().get(called) if isinstance(called, str) else None
    # Numbers as text are taken by the library, which has looked at both.
    issued_at, expires_at = int(claims["iat"]), int(claims["exp"])
    too_long = expires_at - issued_at > LONGEST.total_seconds()
    if code is None or too_long or not (subject.isprintable() and 1 <= len(subject) <= MAX_SUBJECT):
        raise AuthenticationFailed
    return Claims(subject, code, _scopes(claims), datetime.fromtimestamp(expires_at, UTC))


def _scopes(claims: dict[str, Any]) -> frozenset[str]:
    """Names that are no scopes of ours are passed over. What owners alone may give, no issuer gives for them."""
    told = claims.get(settings.PORTAL_JWT_SCOPE_CLAIM, "")
    names = told.split() if isinstance(told, str) else told if isinstance(told, list) else []
    return key_scopes.with_reading([name for name in names if isinstance(name, str)]) & key_scopes.of_role(Role.ADMIN)


def _allowed() -> dict[str, str]:
    """What the issuer calls a company, to its code. A company that is not listed does not exist for it."""
    pairs = (entry.partition("=") for entry in settings.PORTAL_JWT_TENANTS)
    return {called.strip(): (code or called).strip() for called, _, code in pairs}


def _tenant(code: str) -> Tenant:
    tenant_id = TenantCode.objects.filter(code=code).values_list("tenant_id", flat=True).first()
    if tenant_id is None:
        raise AuthenticationFailed
    with tenant_scope(tenant_id):
        return Tenant.objects.get(pk=tenant_id)
