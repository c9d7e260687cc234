"""What a known key may do: everything, but for the IAM actions in the switch `denied`; and which roles it may take on."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs

from portal.local.aws.refused import Refused
from portal.local.aws.store import bucket_and_key
from portal.local.aws.switches import Switches

_READS = ("GET", "HEAD")
_OBJECT_ACTIONS = {"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject"}


def is_denied(action: str, denied: list[str]) -> bool:
    return any(fnmatchcase(action, pattern) for pattern in denied)


class Permissions:
    """For S3; QuickSight's gate asks for itself, as only it knows the operation."""

    def __init__(self, account: str, switches: Switches, has_object: Callable[[str, str], bool]) -> None:
        self._account, self._switches, self._has_object = account, switches, has_object

    def check(self, environ: dict[str, Any]) -> None:
        if any(is_denied(action, self._switches.denied) for action in self._needed(environ)):
            raise Refused(403, "AccessDenied", "Access Denied")
        owner = self._switches.bucket_owners.get(bucket_and_key(environ)[0], self._account)
        if environ.get("HTTP_X_AMZ_EXPECTED_BUCKET_OWNER", owner) != owner:
            raise Refused(403, "AccessDenied", "Access Denied")

    def check_trust(self, body: bytes) -> None:
        """Of a call of AssumeRole: whether the role's trust policy lets the caller in."""
        asked = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        role, switches = asked.get("RoleArn", ""), self._switches
        wanted = switches.external_ids.get(role)
        if role in switches.untrusting_roles or (wanted is not None and asked.get("ExternalId") != wanted):
            raise Refused(403, "AccessDenied", f"The caller is not authorized to perform: sts:AssumeRole on resource: {role}")

    def _needed(self, environ: dict[str, Any]) -> list[str]:
        (bucket, key), method = bucket_and_key(environ), environ["REQUEST_METHOD"]
        if not key:
            return ["s3:ListBucket"] if bucket and method in _READS else []
        needed = [_OBJECT_ACTIONS.get(method, "")]
        # Whether an object is missing is told only to those who may list.
        return [*needed, "s3:ListBucket"] if method in _READS and not self._has_object(bucket, key) else needed
