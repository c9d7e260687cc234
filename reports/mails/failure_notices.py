"""Telling the owner that a planned run did not end well, or may be late: in the transaction that found it.

Once for each schedule and cause in four hours, however many runs meet it, and however many find it at once.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from reports import notices
from reports.mails.failure_causes import cause_of
from reports.models import Notice, Occurrence, Schedule
from tenants.models import Membership
from tenants.models.members import Role

QUIET_FOR = timedelta(hours=4)
LATE = "late"


def run_failed(occurrence: Occurrence, now: datetime) -> list[Notice]:
    """The new notices: none if the schedule tells nobody, or told of this cause already. Also when only some deliveries failed.

    In the tenant's scope.
    """
    cause = cause_of(occurrence)
    return _tell(occurrence, Notice.Kind.RUN_FAILED, str(cause), {"of": cause.of, "code": cause.code}, now)


def run_late(occurrence: Occurrence, now: datetime) -> list[Notice]:
    """The promised time is in danger, or gone by."""
    return _tell(occurrence, Notice.Kind.RUN_LATE, LATE, {}, now)


def _tell(occurrence: Occurrence, kind: Notice.Kind, cause: str, data: dict[str, str], now: datetime) -> list[Notice]:
    schedule = occurrence.schedule
    if not schedule.tell_owner:
        return []
    asked = []
    for address in owners(schedule):
        told = Notice.objects.filter(tenant=schedule.tenant, schedule=schedule, kind=kind, address=address, data__cause=cause)
        last = told.order_by("created_at").last()
        if last is not None and last.created_at > now - QUIET_FOR:
            continue
        # The key names the one before: two that find the same cause at once ask for the same notice.
        key = f"{kind}:{last.pk if last else 'first'}:{schedule.pk}:{cause}:{_short(address)}"
        data = data | {"cause": cause}
        notice, is_new = notices.ask_for(schedule.tenant, kind, key, address, now=now, schedule=schedule, occurrence=occurrence, data=data)
        asked += [notice] if is_new else []
    return asked


def owners(schedule: Schedule) -> list[str]:
    """Who is told: the schedule's owner, or the company's if that person is no member any more."""
    members = Membership.objects.filter(tenant=schedule.tenant, user__is_active=True)
    own = members.filter(user=schedule.owner_id) if schedule.owner_id else members.none()
    addresses = own.values_list("user__email", flat=True) or members.filter(role=Role.OWNER).values_list("user__email", flat=True)
    return sorted(addresses)


def _short(address: str) -> str:
    """Of an address that a key has no room for, enough to tell it from others."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]
