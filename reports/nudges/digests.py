"""The owners' week: a mail on Monday morning about the seven days before, in the company's own days.

Made from Monday, 07:00, to the end of Wednesday, so a worker that is down on Monday makes it later; after that the week is passed over. The
mail's figures are read when it is written.
"""

from __future__ import annotations

import hashlib
import random
import uuid
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from django.db.models import Q

from reports import notices
from reports.models import DailyUsage, Notice
from tenants import log_context
from tenants.models import Membership, Tenant, TenantCode
from tenants.models.members import Role
from tenants.scope import tenant_scope

AT = time(7)
# Monday is 0.
LAST_DAY = 2
WEEK = timedelta(days=7)
MayGoOn = Callable[[], bool]


def week_to_tell_of(tenant: Tenant, now: datetime) -> date | None:
    """The Monday that it began on. None: it is not the time for it."""
    local = now.astimezone(tenant.zone)
    if local.weekday() > LAST_DAY or (local.weekday() == 0 and local.time() < AT):
        return None
    return local.date() - timedelta(days=local.weekday()) - WEEK


def make_all(now: datetime, may_go_on: MayGoOn) -> int:
    """How many mails were asked for. A company at a time. Outside any scope."""
    count = 0
    waiting = list(TenantCode.objects.values_list("tenant_id", flat=True))
    # Where a run has not time for all, or one fails, none is always the last.
    random.shuffle(waiting)
    while waiting and may_go_on():
        tenant_id = waiting.pop()
        with log_context.about(tenant=tenant_id):
            count += make(tenant_id, now)
    return count


def make(tenant_id: uuid.UUID, now: datetime) -> int:
    """One for each owner who wants it and has none of this week; twice at once makes it once."""
    with tenant_scope(tenant_id):
        tenant = Tenant.objects.get(pk=tenant_id)
        week = week_to_tell_of(tenant, now)
        if week is None or tenant.suspended_at or not _happened(tenant, week):
            return 0
        return sum(_ask(tenant, address, week, now) for address in _wanting(tenant, week))


def _wanting(tenant: Tenant, week: date) -> list[str]:
    """Addresses of owners who want it and have none of this week."""
    owners = Membership.objects.filter(tenant=tenant, role=Role.OWNER, digest=True, user__is_active=True)
    wanted = {_key(week, address): address for address in owners.values_list("user__email", flat=True)}
    had = set(Notice.objects.filter(tenant=tenant, key__in=list(wanted)).values_list("key", flat=True))
    return [address for key, address in wanted.items() if key not in had]


def _ask(tenant: Tenant, address: str, week: date, now: datetime) -> bool:
    data = {"week": week.isoformat()}
    return notices.ask_for(tenant, Notice.Kind.DIGEST, _key(week, address), address, now=now, data=data)[1]


def _key(week: date, address: str) -> str:
    return f"digest:{week.isoformat()}:{hashlib.sha256(address.encode()).hexdigest()[:16]}"


def _happened(tenant: Tenant, week: date) -> bool:
    """Anything at all: a company that does nothing wants no mail about it."""
    days = DailyUsage.objects.filter(tenant=tenant, day__gte=week, day__lt=week + WEEK)
    return days.filter(Q(jobs__gt=0) | Q(deliveries__gt=0) | Q(downloads__gt=0)).exists()
