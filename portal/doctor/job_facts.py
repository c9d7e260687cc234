"""Everything the database knows about one job: the tenant's rows in its scope, the queue around it in the engine's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Now

from reports import tasks
from reports.models import Account, Attempt, Download, Heartbeat, JobEvent, Link, Pump, Slot, SnapshotFile, SnapshotJob
from tenants.models import SessionTag
from tenants.scope import engine_scope, platform_scope, tenant_scope

SHOWN = 5


class UnknownJob(Exception):
    """No job, or more than one; the message says what to do."""


@dataclass(frozen=True)
class Place:
    tenant_id: uuid.UUID
    job_id: uuid.UUID


@dataclass(frozen=True)
class Around:
    """An age of None: never seen, or signed off."""

    slot: Slot | None
    slots: int
    free: int
    resting: int
    pump_age: timedelta | None
    worker_age: timedelta | None


@dataclass(frozen=True)
class Facts:
    """`tag_keys`: keys of the tenant's session tags as they are now; the values are the tenant's business."""

    job: SnapshotJob
    account: Account
    tag_keys: list[str]
    attempts: list[Attempt]
    events: list[JobEvent]
    files: list[SnapshotFile]
    links: list[Link]
    downloads: int
    around: Around


def find_job(text: str) -> Place:
    """By its id or the beginning of it. Raises UnknownJob."""
    with engine_scope():
        found = list(SnapshotJob.objects.with_id_like(text).order_by("pk").values_list("tenant_id", "pk")[: SHOWN + 1])
    if not found:
        raise UnknownJob(f"There is no job whose id begins with “{text}”. A job's id is in the address of its page and in the log.")
    if len(found) > 1:
        some = ", ".join(str(job_id) for _tenant_id, job_id in found[:SHOWN])
        raise UnknownJob(f"Several jobs have ids that begin with “{text}”: {some}{' …' if len(found) > SHOWN else ''}. Give more of it.")
    return Place(*found[0])


def gather(place: Place) -> Facts:
    with tenant_scope(place.tenant_id):
        job = SnapshotJob.objects.select_related("tenant", "report").get(pk=place.job_id)
        content: dict[str, Any] = {
            "tag_keys": sorted(SessionTag.objects.filter(tenant=job.tenant).values_list("key", flat=True)),
            "attempts": list(job.attempts.all()),
            "events": list(job.events.all()),
            "files": list(job.files.all()),
            "links": list(job.links.order_by("created_at")),
            "downloads": Download.objects.filter(file__job=job).count(),
        }
    with platform_scope():
        account = Account.objects.get(pk=job.account_id)
    return Facts(job=job, account=account, around=_around(job), **content)


def _around(job: SnapshotJob) -> Around:
    with engine_scope():
        slots = Slot.objects.filter(account=job.account_id, enabled=True)
        resting = Q(job=None, rests_until__gt=Now())
        return Around(
            slot=Slot.objects.filter(job=job.pk).first(),
            slots=slots.count(),
            free=slots.filter(job=None).exclude(resting).count(),
            resting=slots.filter(resting).count(),
            pump_age=Pump.objects.filter(account=job.account_id).values_list(Now() - F("beat_at"), flat=True).first(),
            worker_age=Heartbeat.objects.filter(cluster=tasks.ENGINE).values_list(Now() - F("beat_at"), flat=True).first(),
        )
