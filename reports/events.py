"""Facts that companies' programs are told of: written here, in the transaction that makes them facts, and sent by reports/webhooks.

Also what /api/v1/events/ reads. Ids and facts only: no address, tag value, link, token or presigned URL. reports/event_data.py has the
data of each type.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from reports.models import Event
from tenants.models import Tenant
from tenants.tracing import traceparent

API_VERSION = "v1"
# Of a whole body. What grows with the caller's own words is left out above it, see reports/event_data.py.
MOST_BYTES = 20_000
# One statement, however many there are and whether or not anybody asked to be told. The join is empty for most.
WRITE = """
with told as (
    select * from jsonb_to_recordset(%(rows)s::jsonb) as told (id uuid, tenant_id uuid, type text, body text)),
kept as (
    insert into reports_event (id, tenant_id, type, created_at, body, traceparent)
    select id, tenant_id, type, %(now)s, body, %(traceparent)s from told)
insert into reports_webhookdelivery (id, tenant_id, webhook_id, event_id, status, tries, next_try_at, created_at)
select gen_random_uuid(), told.tenant_id, webhook.id, told.id, 'pending', 0, %(now)s, %(now)s
  from told join reports_webhook webhook on webhook.tenant_id = told.tenant_id
 where webhook.status = 'active' and webhook.events && array['*', told.type]::varchar[]
"""
# Nobody deletes it until the commit. The engine, which may not lock, comes again where somebody did.
HELD = " for key share of webhook"


@dataclass(frozen=True)
class Fact:
    tenant_id: uuid.UUID
    slug: str
    type: Event.Type
    data: dict[str, Any]
    id: uuid.UUID = field(default_factory=uuid.uuid4)


def tell(tenant: Tenant, type: Event.Type, data: dict[str, Any], now: datetime) -> None:
    """In the tenant's scope, in the transaction of the fact."""
    _write(WRITE + HELD, [Fact(tenant.pk, tenant.slug, type, data)], now)


def tell_all(facts: Iterable[Fact], now: datetime) -> None:
    """Of several companies in the engine's scope; else as `tell`."""
    _write(WRITE, facts, now)


def _write(statement: str, facts: Iterable[Fact], now: datetime) -> None:
    rows = [{"id": str(fact.id), "tenant_id": str(fact.tenant_id), "type": fact.type, "body": body(fact, now)} for fact in facts]
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(statement, {"rows": json.dumps(rows), "now": now, "traceparent": traceparent()})


def body(fact: Fact, now: datetime) -> str:
    """As it is sent and signed."""
    whole = {
        "id": str(fact.id),
        "type": fact.type,
        "created_at": instant(now),
        "timestamp": instant(now),
        "api_version": API_VERSION,
        "tenant": fact.slug,
        "data": fact.data,
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def instant(at: datetime) -> str:
    """RFC 3339 in UTC, as all of API v1."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
