"""When a country changes its clocks: due times are stored as instants, and are worked out anew once the time zone data is newer."""

from __future__ import annotations

import logging
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from cronsim import CronSimError

from reports.models import Schedule
from reports.scheduling import next_run
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)


def retime(now: datetime) -> int:
    """How many schedules have another due time now. What is due already stays, to be noted as it was planned.

    A due time that moves back over instants that were noted before does no harm: an instant is noted once.
    """
    with engine_scope():
        waiting = Schedule.objects.kept().filter(next_run_at__gt=now)
        stored = waiting.only("cron", "timezone", "starts_on", "ends_on", "next_run_at")
        return sum(_retime(schedule, now) for schedule in stored.iterator())


def _retime(schedule: Schedule, now: datetime) -> int:
    try:
        at = next_run(schedule, now)
    except (CronSimError, ZoneInfoNotFoundError, ValueError):
        # Noting finds it when it is due, and tells its owner; it keeps no other waiting here.
        return 0
    if at == schedule.next_run_at:
        return 0
    moved = Schedule.objects.kept().filter(pk=schedule.pk, next_run_at=schedule.next_run_at).update(next_run_at=at)
    logger.info("schedule %s is due at %s and not at %s: its zone's clocks changed", schedule.pk, at, schedule.next_run_at)
    return moved
