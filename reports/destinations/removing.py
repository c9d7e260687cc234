"""Deleting a destination that no schedule uses. What waits for it is not sent, and says so; what arrived there stays in the history."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from reports.destinations.making import facts
from reports.models import AudienceDestination, Delivery, Destination, Schedule
from reports.refused import Place, Refused
from tenants.audit import Actor, record

MOST_NAMED = 5


def remove(destination: Destination, actor: Actor, *, now: datetime) -> None:
    """In the tenant's scope. Raises Refused: in_use, with the schedules that do."""
    # Who chooses it for a schedule just now commits first, and is found here.
    row = Destination.objects.select_for_update().get(tenant=destination.tenant_id, pk=destination.pk)
    if schedules := users_of(row):
        names = ", ".join(schedule.title for schedule in schedules[:MOST_NAMED]) + (" …" if len(schedules) > MOST_NAMED else "")
        detail = _("It is used by %(schedules)s. Take it out of there first.") % {"schedules": names}
        raise Refused("in_use", detail, tuple(Place(("schedules", schedule.slug), "in_use", schedule.title) for schedule in schedules))
    # Of schedules that were deleted: nothing runs for them any more.
    AudienceDestination.objects.filter(tenant=row.tenant_id, destination=row).delete()
    record(actor, "destination.removed", now=now, tenant=row.tenant_id, about=row, before=facts(row))
    # The carrier ends them: a delivery without its destination goes nowhere.
    waiting = Delivery.objects.filter(tenant=row.tenant_id, destination=row).open().exclude(next_try_at=None)
    waiting.update(next_try_at=now)
    row.delete()


def users_of(destination: Destination) -> list[Schedule]:
    """Schedules that send there, by name."""
    rows = Schedule.objects.filter(tenant=destination.tenant_id, retired_at=None, audiences__destinations=destination)
    return sorted(rows.select_related("report").distinct(), key=lambda schedule: (schedule.title, schedule.slug))
