"""Which access keys exist: the configured one and those that STS handed out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from moto.sts.models import sts_backends


@dataclass(frozen=True)
class AccessKey:
    secret: str
    expires_at: float | None = None  # epoch seconds; None: never


class KnownKeys:
    def __init__(self, account: str, access_key: str, secret_key: str) -> None:
        self._account, self._keys = account, {access_key: AccessKey(secret_key)}

    def find(self, access_key: str) -> AccessKey | None:
        return self._keys.get(access_key) or self._assumed(access_key)

    def _assumed(self, access_key: str) -> AccessKey | None:
        for role in sts_backends[self._account]["aws"].assumed_roles:
            if role.access_key_id == access_key:
                return AccessKey(str(role.secret_access_key), role.expiration.replace(tzinfo=UTC).timestamp())
        return None
