"""What the pages of usage show: two months of a company that nears some of its limits."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from reports import usage
from reports.models import DailyUsage, Report
from tenants.models import Tenant
from tenants.scope import platform_scope, tenant_scope

GIB = 1024**3
WEEKDAY, WEEKEND = (58, 63, 55, 66, 57), (21, 19)
# Shares of a day's jobs, of a hundred.
REPORTS = {"detail": 30, "sla": 26, "daily": 21, "agents": 15, "wait": 8}
# Of those that day, by the steps of reports/day_figures.py: most take a minute and a half, the slowest some more.
TOOK = {54: 4, 56: 18, 57: 20, 58: 12, 62: 6, 65: 3}
STARTS = {"schedule": 73, "api": 18, "page": 8, "retry": 1}


def make_usage(tenant: Tenant, reports: dict[str, Report], now: datetime) -> None:
    with platform_scope():
        limits = {"jobs_per_day": 200, "max_waiting": 50, "max_recipients": 250, "max_storage_bytes": 50 * GIB}
        Tenant.objects.filter(pk=tenant.pk).update(**limits)
    today = usage.day_of(tenant, now)
    first = usage.month_of(usage.month_of(today) - usage.DAY)
    days = [first + number * usage.DAY for number in range((today - first).days + 1)]
    with tenant_scope(tenant):
        shares = {str(reports[slug].pk): share for slug, share in REPORTS.items()}
        DailyUsage.objects.bulk_create(_day(tenant, day, number, shares, now) for number, day in enumerate(days))


def _day(tenant: Tenant, day: date, number: int, reports: dict[str, int], now: datetime) -> DailyUsage:
    busy = WEEKDAY[day.weekday()] if day.weekday() < len(WEEKDAY) else WEEKEND[day.weekday() - len(WEEKDAY)]
    failed = number % 7 // 3
    facts: dict[str, Any] = {
        "jobs": busy,
        "completed": busy - failed,
        "failed": failed,
        "report_units": busy + 4,
        "files": busy + 20,
        "files_bytes": busy * 9_000_000,
        "downloads": busy - 3,
        "deliveries": busy * 3,
        "stored_bytes": 36 * GIB + number * GIB // 12,
        "jobs_by_report": {pk: busy * share // 100 for pk, share in reports.items()},
        "jobs_by_start": {start: busy * share // 100 for start, share in STARTS.items()},
        "recounted_at": now,
        # What the first page draws: a late run each fortnight, a failure each fortnight and on the last day but one.
        "made_completed": busy - failed - 6,
        "made_failed": failed,
        "runs_on_time": busy // 2,
        "runs_late": int(number % 14 == 6),
        "runs_failed": int(number % 14 == 10),
        "single_delivered": busy // 3,
        "took": {str(step + number % 5 // 3): count for step, count in TOOK.items()},
        "week_recipients": 96,
        "week_openers": 71,
        "figures_at": now,
    }
    return DailyUsage(tenant=tenant, day=day, **facts)
