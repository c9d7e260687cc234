"""`Idempotency-Key`, after draft-ietf-httpapi-idempotency-key-header: the same request again gets the first one's answer, and no effect.

The row is inserted first, in the transaction of the effect. So whoever sends the same key meanwhile waits for that transaction's end, and
what was refused or failed leaves nothing behind.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, OperationalError, transaction
from psycopg.errors import LockNotAvailable
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from reports.api.caller import Caller
from reports.api.v1.problems import BadIdempotencyKey, IdempotencyKeyRequired, InProgress
from reports.models import IdempotentRequest
from reports.refused import Refused
from tenants.encryption import decrypt, encrypt

HEADER, REPLAYED = "Idempotency-Key", "Idempotent-Replayed"
MAX_LENGTH = 255
KEPT_HEADERS = ("Location", "ETag")


def key_of(request: Request, *, required: bool) -> str | None:
    """None: none was sent. Raises BadIdempotencyKey, IdempotencyKeyRequired."""
    sent = request.headers.get(HEADER)
    if sent is None:
        if required:
            raise IdempotencyKeyRequired
        return None
    key = sent[1:-1] if len(sent) > 1 and sent[0] == sent[-1] == '"' else sent
    if not 1 <= len(key) <= MAX_LENGTH or not all("!" <= sign <= "~" for sign in key):
        raise BadIdempotencyKey
    return key


def once(caller: Caller, request: Request, key: str, act: Callable[[], Response], now: datetime) -> Response:
    """Inside the caller's scope, whose transaction is the effect's. Raises Refused, InProgress, and what `act` raises."""
    fingerprint = _fingerprint(request)
    row = IdempotentRequest(tenant=caller.tenant, family=caller.family, key=key, fingerprint=fingerprint, created_at=now)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return _again(caller, key, fingerprint)
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise InProgress from error
        raise
    response = act()
    row.status = response.status_code
    row.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    row.sealed_body = encrypt(JSONRenderer().render(response.data).decode(), _place(row))
    row.save(update_fields=["status", "headers", "sealed_body"])
    return response


def _again(caller: Caller, key: str, fingerprint: bytes) -> Response:
    first = IdempotentRequest.objects.get(tenant=caller.tenant, family=caller.family, key=key)
    if bytes(first.fingerprint) != fingerprint:
        raise Refused("idempotency_key_reused", "This Idempotency-Key was used for another request. Take a new one.")
    body = json.loads(decrypt(first.sealed_body, _place(first)))
    return Response(body, status=first.status, headers=first.headers | {REPLAYED: "true"})


def _fingerprint(request: Request) -> bytes:
    """Of what is asked for: the order of members, white space and a last slash do not matter."""
    body: Any = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method} {request.path.rstrip('/')} {body}".encode()).digest()


def _place(row: IdempotentRequest) -> str:
    return f"reports_idempotentrequest|{row.tenant_id}|{row.pk}|body"
