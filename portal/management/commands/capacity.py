"""`manage.py capacity`: when each peak of what schedules plan will be done, and what more slots would buy."""

from __future__ import annotations

import math
from argparse import ArgumentTypeError
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from reports.engine import peaks, planned
from reports.engine.pace import Expected
from reports.engine.peaks import Peak, Planned
from reports.models import Account
from tenants.scope import engine_scope

LONGEST_HOURS = 7 * 24
MORE = (1.25, 1.5, 2.0, 3.0)
HEAD = ("peak", "jobs", "ready", "longest wait", "late")


class Command(BaseCommand):
    help = (
        "Plays through what all schedules will ask of each account: when each peak ends, which jobs would be later than promised, and what "
        "more slots would change. Durations are those learned from jobs that ended. It changes nothing. Times are UTC."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", metavar="NAME", help="this one alone")
        parser.add_argument("--from", dest="after", type=_moment, metavar="TIME", help="such as 2026-03-02T06:00+01:00; default: now")
        parser.add_argument("--hours", type=_hours, default=24, help=f"how far to look, at most {LONGEST_HOURS}; default 24")
        parser.add_argument(
            "--slots", type=_slots, action="append", metavar="N", help="as if the account had so many; give it several times"
        )
        parser.add_argument("--times", type=_factor, default=1.0, metavar="X", help="as if schedules asked for X times as many jobs")
        parser.add_argument("--seconds", type=_factor, metavar="X", help="as if each job took X seconds, instead of what was learned")

    def handle(self, *args: Any, account: str | None, after: datetime | None, hours: float, **options: Any) -> None:
        now = timezone.now()
        after = after or now
        with engine_scope():
            accounts = Account.objects.filter(slots__gt=0).order_by("name")
            found = [
                (one, planned.jobs(one, after, after + timedelta(hours=hours)), planned.calls_for_each(one, now))
                for one in (accounts.filter(name=account) if account else accounts)
            ]
        if not found:
            known = f'No account is called "{account}".' if account else "There is no QuickSight account."
            raise CommandError(f"{known} manage.py apply FILE, with an [[account]], makes one.")
        for one, jobs, calls in found:
            self._tell(one, _as_if(jobs, options["times"], options["seconds"]), calls, options["slots"] or [], hours)

    def _tell(self, account: Account, jobs: Sequence[Planned], calls: float, asked: list[int], hours: float) -> None:
        self.stdout.write(f"Account {account.name}: {account.slots} slots, {account.requests_per_second:g} requests/s.")
        if not jobs:
            self.stdout.write(f"  No schedule is due in these {hours:g} hours.\n")
            return
        mean = fmean(job.expected.mean for job in jobs)
        usable = peaks.usable_slots(10**6, account.requests_per_second, mean, calls)
        self.stdout.write(f"  {len(jobs):,} planned jobs in {hours:g} hours, {mean:.0f} s each on average.")
        slots = min(account.slots, usable)
        found = peaks.peaks(jobs, slots)
        if not found:
            most = peaks.most_at_once(jobs, slots)
            self.stdout.write(f"  Nobody waits for a minute: at most {most} of the slots are in use at once.\n")
            return
        self.stdout.write("\n".join(_table([HEAD, *(_row(peak) for peak in found)])))
        self._tell_of_more(account, jobs, max(found, key=lambda peak: peak.ready - peak.first), usable, asked)

    def _tell_of_more(self, account: Account, jobs: Sequence[Planned], worst: Peak, usable: int, asked: list[int]) -> None:
        """`worst`: the peak that takes longest; with more slots its jobs may be several, or none."""
        numbers = sorted({account.slots, *(asked or (math.ceil(account.slots * more) for more in MORE))})
        self.stdout.write(f"  What more slots would buy, in the peak of {_at(worst.first)}:")
        rows: list[tuple[str, ...]] = [("slots", *HEAD[2:])]
        for number in numbers:
            inside = [peak for peak in peaks.peaks(jobs, min(number, usable)) if worst.first <= peak.first <= worst.last]
            rows.append((f"{number}", *(_row(_joined(inside))[2:] if inside else ("at once", "under a minute", "0"))))
        self.stdout.write("\n".join(_table(rows)))
        if usable < numbers[-1]:
            self.stdout.write(f"  More than {usable} are not kept full by {account.requests_per_second:g} requests/s.")
        self.stdout.write("")


def _as_if(jobs: list[Planned], times: float, seconds: float | None) -> list[Planned]:
    if seconds is not None:
        jobs = [Planned(job.due, Expected(math.log(seconds), 0.0), job.promised) for job in jobs]
    return peaks.times_as_many(jobs, times)


def _joined(found: list[Peak]) -> Peak:
    return Peak(
        found[0].first,
        found[-1].last,
        sum(peak.jobs for peak in found),
        max(peak.ready for peak in found),
        max(peak.longest_wait for peak in found),
        sum(peak.late for peak in found),
    )


def _row(peak: Peak) -> tuple[str, ...]:
    took = _minutes(peak.ready - peak.first)
    return _at(peak.first), f"{peak.jobs:,}", f"{_at(peak.ready)[-9:]} ({took})", _minutes(peak.longest_wait), f"{peak.late:,}"


def _table(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _at(epoch: float) -> str:
    return f"{datetime.fromtimestamp(epoch, UTC):%a %d %b %Y, %H:%M UTC}"


def _minutes(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60:02} min"


def _moment(text: str) -> datetime:
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise ArgumentTypeError(f"{text!r} is no time with its zone, such as 2026-03-02T06:00+01:00")
    return at


def _hours(text: str) -> float:
    return _number(text, LONGEST_HOURS, f"a number of hours up to {LONGEST_HOURS}")


def _slots(text: str) -> int:
    return int(_number(text, 10_000, "a number of slots up to 10,000"))


def _factor(text: str) -> float:
    return _number(text, 100_000, "a number above 0")


def _number(text: str, most: float, what: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= most:
        raise ArgumentTypeError(f"{text!r} is not {what}")
    return value
