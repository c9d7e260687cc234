"""Whether a schedule can keep its promise, said when it is saved: by the load that all schedules make together."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from reports import scheduling
from reports.engine.load import hour_of
from reports.models import PlannedLoad, Schedule
from reports.usual import usual_seconds


def warning(schedule: Schedule, now: datetime) -> str:
    """A sentence; empty: it fits, nothing is promised, or its next run is too far off to say. In the tenant's scope; it may be unsaved."""
    planned = scheduling.next_run(schedule, now)
    promised = scheduling.ready_by_at(schedule, planned) if planned else None
    load = PlannedLoad.objects.filter(account=schedule.report.account_id, hour=hour_of(planned)).first() if planned else None
    if planned is None or promised is None or load is None:
        return ""
    # As if all jobs of the hour came at its planned instant: that is how mornings are.
    usual = usual_seconds(schedule.tenant, [schedule.report.pk]).get(schedule.report.pk, 0)
    ready = planned + timedelta(seconds=load.seconds + usual)
    if ready <= promised:
        return ""
    names = {"ready": f"{ready.astimezone(schedule.zone):%H:%M}", "promised": f"{promised.astimezone(schedule.zone):%H:%M}"}
    return (
        _(
            "Many reports run in that hour: this one is likely to be ready at about %(ready)s, after the %(promised)s that you promise. "
            "Start it earlier, or promise a later time."
        )
        % names
    )
