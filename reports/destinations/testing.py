"""A test of one destination, as often as somebody likes: what it needs is tried step by step, and what happened is kept and shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from reports.delivery.channel import Step
from reports.destinations import condition, config, making, secrets
from reports.destinations.channels import channel_of
from reports.models import Destination
from reports.refused import Refused
from tenants.audit import Actor, record
from tenants.scope import tenant_scope

# Of a company: each holds a thread of the web server for as long as the other side likes.
MOST_AT_ONCE = 2
TAKES_AT_MOST = timedelta(minutes=2)
BEGUN = "begun"


def test(destination: Destination, actor: Actor, clock: Callable[[], datetime]) -> dict[str, Any] | None:
    """`Destination.last_test` as it is from now on. Outside any scope: it calls the other side. None: it was deleted meanwhile.

    A passed one lets a stopped destination go on, and what waits for it is due. Raises Refused: test_running, and Unreadable.
    """
    begun, start = clock(), time.monotonic()
    with tenant_scope(destination.tenant_id):
        row = _begin(destination, actor, begun)
        if row is None:
            return None
        setting, secret = config.read(row), secrets.read(row)
    # Whoever looks at it later has it in their own language, by reports/retelling.py.
    with translation.override(settings.LANGUAGE_CODE):
        told = _told(channel_of(row.kind, setting, secret).test(), clock(), time.monotonic() - start)
    with tenant_scope(destination.tenant_id):
        return told if _write(row, told, clock()) else None


def _begin(destination: Destination, actor: Actor, now: datetime) -> Destination | None:
    making.one_at_a_time(destination.tenant_id)
    rows = list(Destination.objects.filter(tenant=destination.tenant_id))
    row = next((row for row in rows if row.pk == destination.pk), None)
    if row is None:
        return None
    if sum(_is_running(row, now) for row in rows) >= MOST_AT_ONCE or _is_running(row, now):
        raise Refused("test_running", _("Tests of your destinations are under way. Wait until they have ended."))
    row.last_test = (row.last_test or {}) | {BEGUN: now.isoformat()}
    Destination.objects.filter(tenant=row.tenant_id, pk=row.pk).update(last_test=row.last_test)
    record(actor, "destination.tested", now=now, tenant=row.tenant_id, about=row)
    return row


def _is_running(row: Destination, now: datetime) -> bool:
    begun = parse_datetime((row.last_test or {}).get(BEGUN, ""))
    return begun is not None and now - TAKES_AT_MOST < begun <= now + TAKES_AT_MOST


def _told(steps: list[Step], at: datetime, seconds: float) -> dict[str, Any]:
    failed = next((step for step in steps if step.state == Step.FAILED), None)
    return {
        "at": at.isoformat(),
        "ok": failed is None,
        "text": failed.text if failed else _("It works."),
        "seconds": round(seconds, 2),
        "steps": [{"step": step.step, "state": step.state, "text": step.text} for step in steps],
    }


def _write(tested: Destination, told: dict[str, Any], now: datetime) -> bool:
    """Nothing, where it was changed while it was tested: what was seen was another one."""
    rows = Destination.objects.filter(tenant=tested.tenant_id, pk=tested.pk)
    row = rows.select_for_update().first()
    if row is None:
        return False
    if row.version != tested.version:
        rows.update(last_test=None)
        return True
    rows.update(last_test=told)
    if told["ok"]:
        condition.resume(row, now)
    elif row.status != Destination.Status.STOPPED:
        rows.update(status=Destination.Status.FAILING, failing_since=row.failing_since or now)
    return True
