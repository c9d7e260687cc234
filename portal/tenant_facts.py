"""What the page of one company shows platform staff: its reports, its last 24 hours by how they were started. Inside the company."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, F, Q
from django.db.models.functions import TruncHour
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from portal.strips import HEIGHT, LEFT, STEP, TOPS, Mark, Strip
from reports.models import Grant, SnapshotJob
from reports.refused import Refused
from reports.session_tags import refuse_unsafe_tags
from tenants.models import Tenant

Trigger, Status = SnapshotJob.Trigger, SnapshotJob.Status
HOURS = 24
# Of the newest jobs: a company with more a day is judged by these.
READ_UP_TO = 20_000
STARTS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (gettext_lazy("Schedules"), (Trigger.SCHEDULE,)),
    (gettext_lazy("By hand"), (Trigger.PAGE, Trigger.RETRY, Trigger.REMAKE)),
    (gettext_lazy("API"), (Trigger.API, Trigger.BATCH, Trigger.COMPAT)),
)


@dataclass(frozen=True)
class Offered:
    """A report that the company has. `fault`: what would stop its jobs at their start; empty: nothing."""

    grant: Grant
    fault: str


@dataclass(frozen=True)
class Start:
    """`share` of what ended well, `seconds` from the request to the files; None: nothing ended."""

    word: str
    strip: Strip
    jobs: int
    share: float | None
    seconds: float | None


def offered(tenant: Tenant, tags: dict[str, str]) -> list[Offered]:
    grants = Grant.objects.for_tenant(tenant).active().by_name()
    return [Offered(grant, _fault(grant, tags)) for grant in grants]


def missing_tags(reports: Iterable[Offered], tags: dict[str, str]) -> list[str]:
    """Keys that a report of it needs and that have no value."""
    needed = {key for offered in reports if not offered.grant.report.is_open for key in offered.grant.report.required_tags}
    return sorted(key for key in needed if not tags.get(key, "").strip())


def last_day(tenant: Tenant, now: datetime) -> list[Start]:
    """One statement over the newest READ_UP_TO jobs."""
    since = now - timedelta(hours=HOURS)
    newest = SnapshotJob.objects.for_tenant(tenant).visible().filter(created_at__gt=since).newest_first().values("pk")[:READ_UP_TO]
    rows = SnapshotJob.objects.for_tenant(tenant).filter(pk__in=newest).order_by().values("trigger", hour=TruncHour("created_at"))
    counted = rows.annotate(
        jobs=Count("pk"),
        completed=Count("pk", filter=Q(status=Status.COMPLETED)),
        failed=Count("pk", filter=Q(status=Status.FAILED)),
        took=Avg(F("finished_at") - F("created_at"), filter=Q(status=Status.COMPLETED)),
    )
    return [_start(str(word), [dict(row) for row in counted if row["trigger"] in triggers], now) for word, triggers in STARTS]


def _fault(grant: Grant, tags: dict[str, str]) -> str:
    report = grant.report
    try:
        refuse_unsafe_tags(tags, report.required_tags, report.row_rules, same_for_everyone=report.is_open)
    except Refused as refused:
        return refused.detail
    return ""


def _start(word: str, rows: list[dict[str, Any]], now: datetime) -> Start:
    hours: defaultdict[datetime, list[int]] = defaultdict(lambda: [0, 0])
    seconds = 0.0
    for row in rows:
        hours[row["hour"]][0] += row["completed"]
        hours[row["hour"]][1] += row["failed"]
        seconds += row["took"].total_seconds() * row["completed"] if row["took"] else 0
    completed, failed = (sum(hour[n] for hour in hours.values()) for n in (0, 1))
    ended = completed + failed
    return Start(
        word,
        _strip(hours, completed, failed, now),
        sum(row["jobs"] for row in rows),
        completed / ended if ended else None,
        seconds / completed if completed else None,
    )


def _strip(hours: dict[datetime, list[int]], completed: int, failed: int, now: datetime) -> Strip:
    """One mark an hour, the present one at the right."""
    last = now.replace(minute=0, second=0, microsecond=0)
    tones = [_tone(hours.get(last - timedelta(hours=HOURS - 1 - place))) for place in range(HOURS)]
    marks = [Mark(tone, f"{STEP * place + LEFT}", TOPS[tone], HEIGHT - TOPS[tone]) for place, tone in enumerate(tones)]
    told = [ngettext("%(n)d delivered", "%(n)d delivered", completed) % {"n": completed}]
    if failed:
        told.append(ngettext("%(n)d failed", "%(n)d failed", failed) % {"n": failed})
    return Strip(marks, HOURS * STEP, _("last 24 hours: %(parts)s") % {"parts": ", ".join(told)})


def _tone(counts: list[int] | None) -> str:
    completed, failed = counts or (0, 0)
    if failed:
        return "warn" if completed > failed else "bad"
    return "ok" if completed else "idle"
