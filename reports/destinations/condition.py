"""How a destination is: what deliveries and tests say of it, when nothing more is sent there, and whom that is told."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Value
from django.db.models.functions import Coalesce

from reports import notices
from reports.models import Delivery, Destination, Notice
from reports.models.destinations import DestinationQuerySet
from reports.quota_warnings import owners
from tenants.models import Tenant

Status = Destination.Status
# Nothing was taken for so long, and a delivery was given up: as long as the table of tries, a little less.
FAILING_FOR = timedelta(days=2)
# What waits for a destination that is stopped is given up then.
WAITS_FOR = timedelta(days=3)


def took(destination_id: UUID, tenant_id: UUID, now: datetime) -> None:
    """It has a file. In the tenant's scope, as all of these. One that is stopped stays so until a person has tested it."""
    works = {"status": Status.OK, "failure_code": "", "failing_since": None}
    rows = Destination.objects.filter(tenant=tenant_id, pk=destination_id)
    rows.exclude(status=Status.STOPPED).update(last_sent_at=now, **works)


def failed(destination: Destination, code: str, now: datetime) -> None:
    """A try failed."""
    began = Coalesce("failing_since", Value(now))
    _of(destination).exclude(status=Status.STOPPED).update(status=Status.FAILING, failure_code=code, failing_since=began)


def gave_up(destination: Destination, code: str, now: datetime) -> None:
    """A delivery failed for good. Where nothing else arrived meanwhile, nothing more is sent; else the owners hear of it once a day."""
    destination.refresh_from_db()
    if destination.failing_since and destination.failing_since <= now - FAILING_FOR:
        stop(destination, code, now)
    else:
        _tell(destination, "failed", now.astimezone(destination.tenant.zone).date().isoformat(), now)


def stop(destination: Destination, code: str, now: datetime) -> None:
    """Nothing more is sent there until a person has looked; what waits goes on waiting. The owners are told once."""
    began = Coalesce("failing_since", Value(now))
    stops = {"status": Status.STOPPED, "failure_code": code, "failing_since": began}
    if _of(destination).exclude(status=Status.STOPPED).update(**stops):
        destination.refresh_from_db()
        _tell(destination, "stopped", now.isoformat(), now)


def resume(destination: Destination, now: datetime) -> int:
    """A test passed: what waits is due at once, also what waited for a later try. How many."""
    works = {"status": Status.OK, "failure_code": "", "failing_since": None}
    _of(destination).update(**works)
    waiting = Delivery.objects.filter(tenant=destination.tenant_id, destination=destination, status=Delivery.Status.PENDING)
    # Without a time it waits for its files, which no destination brings.
    return waiting.exclude(next_try_at=None).filter(lease_until=None).update(next_try_at=now)


def _of(destination: Destination) -> DestinationQuerySet:
    return Destination.objects.filter(tenant=destination.tenant_id, pk=destination.pk)


def _tell(destination: Destination, what: str, when: str, now: datetime) -> None:
    tenant: Tenant = destination.tenant
    data = {"what": what, "destination": str(destination.pk), "name": destination.name}
    for owner in owners(tenant):
        key = f"destination:{what}:{destination.pk}:{when}:{hashlib.sha256(owner.encode()).hexdigest()[:16]}"
        notices.ask_for(tenant, Notice.Kind.DESTINATION, key, owner, now=now, data=data)
