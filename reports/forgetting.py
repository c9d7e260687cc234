"""What is kept for a while only, company by company: events with their messages, visits to archives, the answers to idempotent
requests, and what takes back an act.

Stored answers may hold what is shown once, encrypted, so they go hourly and not with the night.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import Model, QuerySet

from reports.models import ArchiveVisit, Event, IdempotentRequest, Undo
from reports.undoing import LIFE as UNDO_LIFE
from reports.webhooks.parking import EVENTS_KEPT
from tenants.models import TenantCode
from tenants.scope import tenant_scope

ANSWERS_KEPT = timedelta(hours=24)
# Their address and their session live an hour; till then it can be said that an address was used already.
VISITS_KEPT = timedelta(hours=24)
# Of one transaction: a delete holds its rows, and those that hang on them, until the commit.
BATCH = 1000


def forget_old(now: datetime) -> int:
    """How many rows went. Outside any scope."""
    return sum(_forget(tenant_id, now) for tenant_id in TenantCode.objects.values_list("tenant_id", flat=True))


def _forget(tenant_id: uuid.UUID, now: datetime) -> int:
    events = Event.objects.filter(tenant=tenant_id, created_at__lt=now - EVENTS_KEPT)
    answers = IdempotentRequest.objects.filter(tenant=tenant_id, created_at__lt=now - ANSWERS_KEPT)
    visits = ArchiveVisit.objects.filter(tenant=tenant_id, created_at__lt=now - VISITS_KEPT)
    undos = Undo.objects.filter(tenant=tenant_id, created_at__lt=now - UNDO_LIFE)
    return sum(_in_batches(tenant_id, old) for old in (events, answers, visits, undos))


def _in_batches(tenant_id: uuid.UUID, old: QuerySet[Model]) -> int:
    gone = 0
    while True:
        with tenant_scope(tenant_id):
            batch = list(old.order_by("created_at").values_list("pk", flat=True)[:BATCH])
            old.model._default_manager.filter(pk__in=batch).delete()
        gone += len(batch)
        if len(batch) < BATCH:
            return gone
