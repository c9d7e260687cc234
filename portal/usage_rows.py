"""What the pages of usage show beside the counts: months to choose, how jobs divide, and sentences about where it leads."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.http import Http404, QueryDict
from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from portal import words
from reports import forecasting, quotas, usage
from reports.models import Report, SnapshotJob
from reports.quotas import Kind, Standing
from tenants.models import Tenant

Trigger = SnapshotJob.Trigger
# How people say what started a job.
STARTS: tuple[tuple[str | Promise, tuple[str, ...]], ...] = (
    (gettext_lazy("Schedules"), (Trigger.SCHEDULE,)),
    (gettext_lazy("API"), (Trigger.API, Trigger.BATCH, Trigger.COMPAT)),
    (gettext_lazy("By hand"), (Trigger.PAGE, Trigger.RETRY)),
    (gettext_lazy("Files prepared again"), (Trigger.REMAKE,)),
)
SHOWN_REPORTS = 10


@dataclass(frozen=True)
class Choice:
    """A month to look at. `value`: `2026-11`."""

    value: str
    word: str
    current: bool


@dataclass(frozen=True)
class Part:
    """`width`: of 100, the largest part having all of it. Text: a number would be written as the language does."""

    name: str
    jobs: int
    share: int
    width: str


def month_asked(query: QueryDict, today: date) -> date:
    """By default this one. Raises Http404 for what is no month, or is still to come."""
    asked = query.get("month", "")
    first = usage.read_month(asked) if asked else usage.month_of(today)
    if first is None or first > today:
        raise Http404("not a month that has begun")
    return first


def months(oldest: date, newest: date, chosen: date) -> list[Choice]:
    """Newest first, with the chosen one."""
    found: list[Choice] = []
    month = usage.month_of(newest)
    while month >= min(oldest, newest, chosen) and len(found) < 600:
        found.append(Choice(f"{month:%Y-%m}", month_words(month), month == chosen))
        month = usage.month_of(month - usage.DAY)
    return found


def month_words(first: date) -> str:
    return formats.date_format(first, pgettext("date format", "F Y"))


def by_report(month: usage.Month) -> list[Part]:
    """Those most used, and the others as one. In the tenant's scope."""
    counts = list(month.by_report.items())
    ids = [uuid.UUID(pk) for pk, _jobs in counts[:SHOWN_REPORTS]]
    names = {str(pk): name for pk, name in Report.objects.filter(pk__in=ids).values_list("pk", "name")}
    rows = [(names.get(pk) or _("A report that is gone"), jobs) for pk, jobs in counts[:SHOWN_REPORTS]]
    if others := counts[SHOWN_REPORTS:]:
        rows.append((_("%(n)d other reports") % {"n": len(others)}, sum(jobs for _pk, jobs in others)))
    return _parts(rows)


def by_start(month: usage.Month) -> list[tuple[str, int]]:
    rows = [(str(word), sum(month.by_start.get(trigger, 0) for trigger in triggers)) for word, triggers in STARTS]
    return [row for row in rows if row[1] or row[0] != str(STARTS[-1][0])]


def _parts(rows: Sequence[tuple[str, int]]) -> list[Part]:
    total, most = sum(jobs for _name, jobs in rows), max((jobs for _name, jobs in rows), default=0)
    return [Part(name, jobs, round(100 * jobs / total), f"{100 * jobs / most:.1f}") for name, jobs in rows if jobs]


def notes(tenant: Tenant, standings: Iterable[Standing], month: usage.Month, now: datetime) -> list[tuple[str, str]]:
    """What its people should know: a sentence about a quota that is used up, nearly so, or will be; and what happens then."""
    found = ((_note(tenant, standing, month, now), str(quotas.AT_THE_LIMIT[standing.kind])) for standing in standings)
    return [(said, then) for said, then in found if said]


def _note(tenant: Tenant, standing: Standing, month: usage.Month, now: datetime) -> str:
    if standing.limit is None:
        return ""
    values = {"quota": standing.words, "used": standing.used_words, "limit": standing.limit_words}
    if standing.is_full:
        return _("%(quota)s: all of %(limit)s are used.") % values
    if standing.kind == Kind.JOBS and standing.resets_at:
        at = forecasting.reached_at(standing.used, standing.limit, usage.starts_at(tenant, usage.day_of(tenant, now)), now)
        if at and at < standing.resets_at:
            return _("At this pace you reach %(limit)s jobs today at about %(time)s.") % (values | {"time": words.soon(at, now)})
    if standing.kind == Kind.STORAGE and (day := forecasting.full_on(month.days, standing.limit)):
        return _("At this pace the %(limit)s of file storage are full on %(day)s.") % (values | {"day": words.day(day)})
    return _("%(quota)s: %(used)s of %(limit)s are used.") % values if standing.is_near else ""


def month_pace(tenant: Tenant, month: usage.Month, now: datetime) -> int | None:
    """How many jobs there are at the end of it; None: it has ended, or has only begun."""
    begins = usage.starts_at(tenant, month.first)
    ends = usage.ends_at(tenant, month.first + (usage.days_in(month.first) - 1) * usage.DAY)
    return forecasting.at_the_end(month.totals["jobs"], begins, ends, now)


HEADS: dict[str, Promise] = {
    "jobs": gettext_lazy("Jobs"),
    "completed": gettext_lazy("Delivered"),
    "failed": gettext_lazy("Failed"),
    "report_units": gettext_lazy("Report units"),
    "files": gettext_lazy("Files"),
    "files_bytes": gettext_lazy("Bytes of files"),
    "downloads": gettext_lazy("Downloads"),
    "deliveries": gettext_lazy("Emails"),
    "stored_bytes": gettext_lazy("Bytes stored"),
}
