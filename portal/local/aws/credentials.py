"""Which access keys exist: the configured one and those that STS handed out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from moto.sts.models import sts_backends

from portal.local.aws.clock import Clock


@dataclass(frozen=True)
class AccessKey:
    secret: str
    expires_at: float | None = None  # epoch seconds of the pretend clock; None: never


class KnownKeys:
    def __init__(self, access_key: str, secret_key: str, clock: Clock) -> None:
        self._keys, self._clock = {access_key: AccessKey(secret_key)}, clock

    def find(self, access_key: str) -> AccessKey | None:
        return self._keys.get(access_key) or self._assumed(access_key)

    def _assumed(self, access_key: str) -> AccessKey | None:
        # A role may be of any account; its keys are kept with those.
        roles = (role for account in list(sts_backends.values()) for role in account["aws"].assumed_roles)
        for role in roles:
            if role.access_key_id == access_key:
                given_out, ends = (moment.replace(tzinfo=UTC).timestamp() for moment in (role.access_key.create_date, role.expiration))
                return AccessKey(str(role.secret_access_key), self._clock.told(given_out) + ends - given_out)
        return None
