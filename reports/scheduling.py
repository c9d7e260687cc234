"""When a schedule is due: cron expressions of five fields, read by cronsim, on the wall clock of the schedule's zone.

A time that is missing because clocks are put forward is planned for the first minute that is there again; one that comes twice is planned
once, the first time. A cron for every hour runs in every hour that really passes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from django.core.exceptions import ValidationError
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from reports import wall_clock
from reports.wall_clock import Planned
from tenants.models.tenant import check_timezone

__all__ = [
    "BadCron",
    "PlannedRun",
    "can_be_read",
    "check_cron",
    "check_timezone",
    "due_between",
    "expression",
    "next_run",
    "next_runs",
    "ready_by_at",
]

MAX_LENGTH = 120
FIELDS = 5
ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# Any Monday: whether a time ever comes does not depend on where the search begins, cronsim looks 50 years ahead.
SEARCH_FROM = datetime(2024, 1, 1, tzinfo=UTC)
# A first day after it never comes: the calendar ends with the year 9999, and cronsim has to look 50 years ahead.
LAST_YEAR = 9900
EVERY_HOUR = set(range(24))
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
GAP = gettext_lazy(
    "Clocks go forward on %(day)s. %(planned)s does not exist that night, so the run starts at %(starts)s, the first minute that does."
)
FIRST = gettext_lazy("Clocks go back on %(day)s. %(planned)s comes twice that night; the run starts at the first one.")
BOTH = gettext_lazy("Clocks go back on %(day)s. %(planned)s comes twice that night, and a run starts at each.")


class BadCron(ValueError):
    """Not a cron expression, or one whose time never comes; the message is a sentence."""


def expression(cron: str) -> str:
    """The five fields that an alias such as @daily stands for; anything else as it is."""
    return ALIASES.get(cron.strip().lower(), cron.strip())


def check_cron(cron: str) -> None:
    fields = expression(cron)
    if fields.startswith("@"):
        raise BadCron(_("%(alias)s is not one of %(known)s.") % {"alias": fields, "known": ", ".join(ALIASES)})
    if len(fields) > MAX_LENGTH or len(fields.split()) != FIELDS:
        raise BadCron(_("must have five fields: minute, hour, day of month, month, day of week, such as 30 7 * * 1-5."))
    try:
        due = next(CronSim(fields, SEARCH_FROM), None)
    except CronSimError as error:
        raise BadCron(_("is not a cron expression (%(fault)s). Example: 30 7 * * 1-5.") % {"fault": str(error).lower()}) from error
    if due is None:
        raise BadCron(_("never comes: no day fits it."))


def can_be_read(plan: Plan) -> bool:
    """Else its next noting pauses it."""
    try:
        check_timezone(plan.timezone)
        check_cron(plan.cron)
    except (BadCron, ValidationError):
        return False
    return True


class Plan(Protocol):
    """A schedule, as far as time is concerned. The dates are whole days in its zone, the last one included."""

    @property
    def cron(self) -> str: ...
    @property
    def timezone(self) -> str: ...
    @property
    def starts_on(self) -> date | None: ...
    @property
    def ends_on(self) -> date | None: ...
    @property
    def ready_by(self) -> time | None: ...


@dataclass(frozen=True)
class PlannedRun:
    """A run to come, for people. `at` in UTC, `local` in the schedule's zone; `note` says what the clocks do to it, mostly nothing."""

    at: datetime
    local: datetime
    offset_text: str
    note: str


def next_run(plan: Plan, after: datetime) -> datetime | None:
    """The first planned instant after `after`, in UTC. None: there is none any more."""
    return next((at for wall, at in _planned(plan, after)), None)


def due_between(plan: Plan, after: datetime, until: datetime, limit: int) -> list[datetime]:
    """The planned instants after `after`, up to and with `until`; the first `limit` ones, so that years of minutes end."""
    due = takewhile(lambda at: at <= until, (at for wall, at in _planned(plan, after)))
    return list(islice(due, limit))


def next_runs(plan: Plan, now: datetime, count: int = 5) -> list[PlannedRun]:
    zone = ZoneInfo(plan.timezone)
    runs = []
    for wall, at in islice(_planned(plan, now), count):
        local = at.astimezone(zone)
        note = _note(wall, local, zone, both=is_hourly(plan.cron))
        runs.append(PlannedRun(at, local, offset_text(local), note))
    return runs


def ready_by_at(plan: Plan, planned_at: datetime) -> datetime | None:
    """The first time after the planned one that the clock shows what was promised. None: nothing was."""
    if plan.ready_by is None:
        return None
    daily = f"{plan.ready_by.minute} {plan.ready_by.hour} * * *"
    return next(at for wall, at in _times(daily, ZoneInfo(plan.timezone), planned_at))


def _planned(plan: Plan, after: datetime) -> Iterator[Planned]:
    times = _times(plan.cron, ZoneInfo(plan.timezone), after, plan.starts_on)
    last = plan.ends_on or date.max
    return takewhile(lambda planned: planned[0].date() <= last, times)


def _times(cron: str, zone: ZoneInfo, after: datetime, first: date | None = None) -> Iterator[Planned]:
    """In order, without end where the cron has none."""
    start = wall_clock.shown(after, zone)
    if hourly := is_hourly(cron):
        start -= wall_clock.back_by(after, zone)
    if first is not None and first.year > LAST_YEAR:
        return iter(())
    if first is not None and first > start.date():
        start = datetime.combine(first, time()) - SECOND
    read = wall_clock.each_time if hourly else wall_clock.once
    return read(CronSim(expression(cron), start), zone, after)


def is_hourly(cron: str) -> bool:
    """Whether it names every hour of the day, and so means hours that pass and not hours that a clock shows."""
    return CronSim(expression(cron), SEARCH_FROM).hours == EVERY_HOUR


def offset_text(local: datetime) -> str:
    """`UTC+1`, `UTC-3:30`"""
    offset = local.utcoffset() or timedelta()
    hours, rest = divmod(abs(offset), HOUR)
    minutes = f":{rest.seconds // 60:02}" if rest else ""
    return f"UTC{'-' if offset < timedelta() else '+'}{hours}{minutes}"


def _note(wall: datetime, local: datetime, zone: ZoneInfo, *, both: bool) -> str:
    words = {
        "day": formats.date_format(wall, pgettext("date format", "j F")),
        "planned": f"{wall:%H:%M}",
        "starts": f"{local:%H:%M}",
    }
    if wall_clock.is_missing(wall, zone):
        return GAP % words
    if wall_clock.comes_twice(wall, zone):
        return (BOTH if both else FIRST) % words
    return ""
