"""Which access keys exist: the configured one and those that STS handed out."""

from __future__ import annotations

from datetime import UTC, datetime

from moto.sts.models import sts_backends


class KnownKeys:
    def __init__(self, account: str, access_key: str, secret_key: str) -> None:
        self._account, self._keys = account, {access_key: secret_key}

    def secret_of(self, access_key: str) -> str | None:
        return self._keys.get(access_key) or self._assumed(access_key)

    def _assumed(self, access_key: str) -> str | None:
        for role in sts_backends[self._account]["aws"].assumed_roles:
            if role.access_key_id == access_key and role.expiration.replace(tzinfo=UTC) > datetime.now(UTC):
                return str(role.secret_access_key)
        return None
