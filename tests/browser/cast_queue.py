"""The queue as staff see it: whose jobs wait, how many slots are in use, and what is paused."""

from __future__ import annotations

from datetime import datetime, timedelta

from reports.models import Account, Report, Slot, SnapshotJob
from tenants.models import Tenant
from tenants.scope import engine_scope, platform_scope
from tests.factories import make_job, make_pause, make_queue, make_tenant
from tests.long_names import COMPANY

Lane = SnapshotJob.Lane
INES = "ines.prado@anycompany.example"


def make_busy_queue(parts: dict[str, str], reports: dict[str, Report], now: datetime) -> None:
    """Of companies that nobody signs in to, so that no other page changes."""
    account = reports["daily"].account
    meridian = make_tenant(slug="meridian", name="Meridian Airways", max_running=4, weight=2)
    calder = make_tenant(slug="calder", name="Calder and Pike Bank", max_waiting=2)
    held = {"held_since": now - timedelta(days=3), "held_because": "Letter of the court of 20 November, case 4711."}
    hollis = make_tenant(slug="hollis", name="Hollis Health", **held)
    long = make_tenant(slug="donau-gesellschaft", name=COMPANY)
    running = [_job(tenant, reports["daily"], now, minutes=1, status="running") for tenant in (meridian,) * 4 + (calder, long)]
    for tenant, waits in ((meridian, 3), (calder, 2), (long, 1)):
        for number in range(waits):
            _job(tenant, reports["voice" if number else "daily"], now, minutes=4 - number, admitted=True, lane=number % 2)
        held = sum(job.tenant_id == tenant.pk for job in running)
        make_queue(tenant=tenant, account=account, lane=Lane.NOW, queued=(waits + 1) // 2, running=held)
        make_queue(tenant=tenant, account=account, lane=Lane.SCHEDULED, queued=waits // 2)
    _job(hollis, reports["sla"], now, minutes=52)
    _slots(account, running, now)
    ended = {"by": INES, "because": "The contract has ended; nothing is to leave before Monday."}
    make_pause(tenant=hollis, now=now - timedelta(minutes=55), **ended)
    probe = {"code": "report_failed", "probe_at": now + timedelta(minutes=12), "now": now - timedelta(minutes=18)}
    make_pause(kind="report", report=reports["campaign"], **probe)
    parts |= {"busy_tenant": meridian.slug, "paused_tenant": hollis.slug, "long_tenant": long.slug}


def _job(tenant: Tenant, report: Report, now: datetime, *, minutes: int, status: str = "queued", **fields) -> SnapshotJob:
    return make_job(tenant=tenant, report=report, status=status, now=now - timedelta(minutes=minutes), **fields)


def _slots(account: Account, running: list[SnapshotJob], now: datetime) -> None:
    with platform_scope():
        slots = [Slot.objects.create(account=account, number=number) for number in range(1, account.slots + 1)]
    with engine_scope():
        for slot, job in zip(slots, running, strict=False):
            Slot.objects.filter(pk=slot.pk).update(job=job)
        Slot.objects.filter(pk=slots[-1].pk).update(rests_until=now + timedelta(hours=1))
