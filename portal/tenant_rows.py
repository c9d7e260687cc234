"""Companies as platform staff list them: where each stands, and what was delivered on its own day. In the staff scope.

Names, states of the queue and counts by the day; of session tags only which keys have a value.
"""

from __future__ import annotations

import uuid
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal import queue_rows, status
from portal.status import Look
from reports.models import DailyUsage, Grant
from reports.usage import day_of
from tenants.models import SessionTag

ALL, LIMIT, TAGS, PAUSED, SUSPENDED = "", "limit", "tags", "paused", "suspended"
STATES = ((ALL, _("All")), (LIMIT, _("At a limit")), (TAGS, _("Tags missing")), (PAUSED, _("Paused")), (SUSPENDED, _("Suspended")))
IS_SUSPENDED = Look(_("Suspended"), "lock", "bad")
TAGS_MISSING = Look(_("Tags missing"), "alert-circle", "bad")
AT_A_LIMIT = Q(max_waiting__isnull=False, known__gte=F("max_waiting")) | Q(
    max_running__isnull=False, running__gte=F("max_running"), in_line__gt=0
)
NARROWED = {
    LIMIT: AT_A_LIMIT,
    TAGS: Q(tags_missing=True),
    PAUSED: Q(paused_since__isnull=False, suspended_at=None),
    SUSPENDED: Q(suspended_at__isnull=False),
}


def tenants() -> QuerySet[Any]:
    """As portal.queue_rows reads them, and `tags_missing`: a report that it is offered needs a tag that has no value."""
    filled = SessionTag.objects.filter(tenant=OuterRef("tenant"), is_filled=True).order_by().values("key")
    offered = Grant.objects.filter(tenant=OuterRef("pk"), withdrawn_at=None, report__retired_at=None)
    lacking = offered.filter(~Q(report__required_tags__contained_by=ArraySubquery(filled)))
    return queue_rows.tenants().annotate(tags_missing=Exists(lacking))


def matching(search: str, state: str) -> QuerySet[Any]:
    found = tenants()
    if search:
        found = found.filter(Q(name__icontains=search) | Q(slug__icontains=search))
    return found.filter(NARROWED[state]) if state else found


def with_today(rows: list[Any], now: datetime) -> list[Any]:
    """`today`: its roll-up of its own day, or None. One statement for all of them."""
    days = {tenant.pk: day_of(tenant, now) for tenant in rows}
    found = _by_day(days)
    for tenant in rows:
        tenant.today = found.get((tenant.pk, days[tenant.pk]))
    return rows


def look(tenant: Any) -> Look:
    """What staff can do something about comes first."""
    if tenant.suspended_at:
        return IS_SUSPENDED
    return TAGS_MISSING if tenant.tags_missing else status.of_queue(tenant)


def _by_day(days: dict[uuid.UUID, date]) -> dict[tuple[uuid.UUID, date], DailyUsage]:
    if not days:
        return {}
    near = DailyUsage.objects.filter(tenant__in=days, day__gte=min(days.values()), day__lte=max(days.values()))
    return {(row.tenant_id, row.day): row for row in near}
