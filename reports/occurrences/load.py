"""Whether a schedule can keep its promise, said when it is saved: by the load that all schedules make together."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from reports import scheduling
from reports.engine.load import hour_of
from reports.models import PlannedLoad, Schedule
from reports.usual import usual_seconds
from tenants.models import Tenant


def warning(schedule: Schedule, now: datetime) -> str:
    """A sentence; empty: it fits, nothing is promised, or its next run is too far off to say. In the tenant's scope; it may be unsaved."""
    return warnings(schedule.tenant, [schedule], now).get(schedule.pk, "")


def warnings(tenant: Tenant, schedules: Iterable[Schedule], now: datetime) -> dict[uuid.UUID, str]:
    """By schedule, those that do not fit. In the tenant's scope; two questions, however many they are."""
    promising = [(one, planned) for one in schedules if one.ready_by and (planned := scheduling.next_run(one, now))]
    if not promising:
        return {}
    asked = {"account__in": {one.report.account_id for one, _planned in promising}, "hour__in": {hour_of(at) for _one, at in promising}}
    loads = {(load.account_id, load.hour): load.seconds for load in PlannedLoad.objects.filter(**asked)}
    usual = usual_seconds(tenant, [one.report_id for one, _planned in promising])
    found = {}
    for schedule, planned in promising:
        load = loads.get((schedule.report.account_id, hour_of(planned)))
        if load is not None:
            # As if all jobs of the hour came at its planned instant: that is how mornings are.
            ready = planned + timedelta(seconds=load + usual.get(schedule.report_id, 0))
            found[schedule.pk] = _words(schedule, planned, ready)
    return {pk: words for pk, words in found.items() if words}


def _words(schedule: Schedule, planned: datetime, ready: datetime) -> str:
    promised = scheduling.ready_by_at(schedule, planned)
    if promised is None or ready <= promised:
        return ""
    names = {"ready": f"{ready.astimezone(schedule.zone):%H:%M}", "promised": f"{promised.astimezone(schedule.zone):%H:%M}"}
    return (
        _(
            "Many reports run in that hour: this one is likely to be ready at about %(ready)s, after the %(promised)s that you promise. "
            "Start it earlier, or promise a later time."
        )
        % names
    )
