"""How a tenant's last sixty days went, for its first page: read from what was counted, and what ended since then added for today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reports import day_figures, usage
from reports.models import DailyUsage
from tenants.models import Tenant

PERIOD, WEEK = 30, 7
# Jobs that ended since they were counted are looked at one by one: as many as end in a quarter of an hour, and no more.
MOST_SINCE = 5000
QUESTION = """
select id, day, jobs, made_completed, made_failed, made_cancelled, runs_on_time, runs_late, runs_partly, runs_failed, runs_missed,
       single_delivered, single_failed, downloads, week_recipients, week_openers, figures_at,
       case when day >= %(first)s then took else '{}' end as took,
       since.completed as since_completed, since.failed as since_failed, since.cancelled as since_cancelled, moving.running
  from reports_dailyusage counted
  left join lateral (
       select count(*) filter (where status = 'completed') as completed, count(*) filter (where status = 'failed') as failed,
              count(*) filter (where status = 'cancelled') as cancelled
         from (select status from reports_snapshotjob
                where counted.day = %(today)s and tenant_id = %(tenant)s and finished_at > coalesce(counted.recounted_at, %(begins)s)
                  and created_at >= %(begins)s and dry_run_tags is null and trigger <> 'imported' limit %(most)s) ended) since on true
  left join lateral (
       select count(*) as running from reports_snapshotjob
        where counted.day = %(today)s and tenant_id = %(tenant)s and status in ('starting', 'running', 'collecting')
          and created_at >= %(begins)s and dry_run_tags is null and trigger <> 'imported') moving on true
 where tenant_id = %(tenant)s and day >= %(oldest)s and day <= %(today)s
 order by day
"""


@dataclass(frozen=True)
class Day:
    """What ended on it: without failure; late or in part; not at all. `seconds`: the middle of the times to deliver; None: nothing was."""

    day: date
    well: int
    late: int
    bad: int
    seconds: float | None
    downloads: int

    @property
    def is_empty(self) -> bool:
        return not (self.well or self.late or self.bad)


@dataclass(frozen=True)
class Today:
    """Of the jobs that were asked for today and not cancelled."""

    asked: int
    delivered: int
    running: int
    queued: int
    failed: int


@dataclass(frozen=True)
class Lately:
    """`days`: the last thirty, oldest first. Shares of what ended without failure, of 100; None: nothing ended."""

    days: list[Day]
    today: Today
    share: float | None
    share_before: float | None
    typical_seconds: float | None
    most_seconds: float | None  # nine of ten took no longer
    downloads: int  # in seven days
    recipients: int
    openers: int
    is_counted: bool  # else nought says nothing
    is_behind: bool  # more ended after the last count: where it found nothing, that says nothing


def lately(tenant: Tenant, now: datetime) -> Lately:
    """One statement of at most sixty rows, however many jobs there were. In the tenant's scope."""
    today = usage.day_of(tenant, now)
    period = [today - number * usage.DAY for number in reversed(range(PERIOD))]
    facts = {"tenant": tenant.pk, "today": today, "first": period[0], "oldest": period[0] - PERIOD * usage.DAY, "most": MOST_SINCE}
    rows = list(DailyUsage.objects.raw(QUESTION, facts | {"begins": usage.starts_at(tenant, today)}))
    by_day = {row.day: row for row in rows}
    recent, before = [row for row in rows if row.day >= period[0]], [row for row in rows if row.day < period[0]]
    took: Counter[str] = Counter()
    for row in recent:
        took.update(row.took)
    counted = [row for row in recent if row.figures_at]
    newest = counted[-1] if counted else DailyUsage()
    of_today = by_day.get(today)
    return Lately(
        [_day(day, by_day.get(day, DailyUsage())) for day in period],
        _today(of_today),
        _share(recent),
        _share(before),
        day_figures.no_longer_than(took, 0.5),
        day_figures.no_longer_than(took, 0.9),
        sum(row.downloads for row in recent if row.day > today - WEEK * usage.DAY),
        newest.week_recipients,
        newest.week_openers,
        bool(counted),
        of_today is not None and bool(vars(of_today)["since_completed"] or vars(of_today)["since_failed"]),
    )


def _day(day: date, row: DailyUsage) -> Day:
    return Day(day, _well(row), row.runs_late + row.runs_partly, _bad(row), day_figures.no_longer_than(row.took, 0.5), row.downloads)


def _well(row: DailyUsage) -> int:
    return row.runs_on_time + row.single_delivered


def _bad(row: DailyUsage) -> int:
    return row.runs_failed + row.runs_missed + row.single_failed


def _share(rows: Sequence[DailyUsage]) -> float | None:
    """What is late was delivered. What was delivered in part was not without failure."""
    delivered = sum(_well(row) + row.runs_late for row in rows)
    ended = delivered + sum(row.runs_partly + _bad(row) for row in rows)
    return 100 * delivered / ended if ended else None


def _today(row: DailyUsage | None) -> Today:
    """`row`: as QUESTION tells it."""
    if row is None:
        return Today(0, 0, 0, 0, 0)
    since = vars(row)
    delivered, failed = row.made_completed + since["since_completed"], row.made_failed + since["since_failed"]
    asked = max(0, row.jobs - row.made_cancelled - since["since_cancelled"])
    running = min(since["running"], max(0, asked - delivered - failed))
    return Today(asked, delivered, running, max(0, asked - delivered - failed - running), failed)
