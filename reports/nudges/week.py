"""What a week of a company came to, and what in it needs a person. Plain values for the mail, in a constant number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from reports import usage, words
from reports.models import DailyUsage, Destination, Occurrence, Schedule, Suppression
from reports.schedules.figures import IN_TIME_RUN
from tenants.models import ApiKey, Tenant

DAYS = timedelta(days=7)
# Of each thing.
MOST = 8
KEY_ENDS_WITHIN = timedelta(days=14)
BAD_ADDRESSES = {
    Suppression.Reason.BOUNCED: gettext_lazy("%(address)s bounces and gets no more mail."),
    Suppression.Reason.COMPLAINED: gettext_lazy("%(address)s marked a mail as spam and gets no more."),
}


@dataclass(frozen=True)
class Week:
    """`on_time`: of each schedule that was due, its title, how many runs were in time, and of how many. `needs`: sentences."""

    first: date
    last: date
    completed: int
    failed: int
    downloads: int
    on_time: list[tuple[str, int, int]]
    more_schedules: int
    needs: list[str]

    @property
    def share(self) -> float | None:
        """Of jobs that ended well, in percent. None: none ended."""
        ended = self.completed + self.failed
        return 100 * self.completed / ended if ended else None


def week_of(tenant: Tenant, first: date, now: datetime) -> Week:
    """In the tenant's scope."""
    last = first + DAYS - timedelta(days=1)
    days = DailyUsage.objects.filter(tenant=tenant, day__gte=first, day__lte=last)
    sums = days.aggregate(completed=Sum("completed"), failed=Sum("failed"), downloads=Sum("downloads"))
    on_time = _on_time(tenant, first)
    counts = {name: value or 0 for name, value in sums.items()}
    return Week(first, last, **counts, on_time=on_time[:MOST], more_schedules=max(0, len(on_time) - MOST), needs=_needs(tenant, first, now))


def _on_time(tenant: Tenant, first: date) -> list[tuple[str, int, int]]:
    begins, ends = usage.starts_at(tenant, first), usage.starts_at(tenant, first + DAYS)
    runs = Occurrence.objects.filter(tenant=tenant, kind=Occurrence.Kind.PLAN, planned_at__gte=begins, planned_at__lt=ends)
    counted = (
        runs.exclude(ended_at=None)
        .exclude(status=Occurrence.Status.SKIPPED)
        .values("schedule")
        .annotate(due=Count("pk"), in_time=Count("pk", filter=IN_TIME_RUN))
    )
    found = {row["schedule"]: (row["in_time"], row["due"]) for row in counted}
    titles = Schedule.objects.for_tenant(tenant).filter(pk__in=list(found)).select_related("report")
    rows = [(schedule.title, *found[schedule.pk]) for schedule in titles]
    # The worst first.
    return sorted(rows, key=lambda row: (row[1] / row[2], row[0]))


def _needs(tenant: Tenant, first: date, now: datetime) -> list[str]:
    return [*_held(tenant), *_destinations(tenant), *_bounced(tenant, first), *_paused(tenant), *_keys(tenant, now)]


def _held(tenant: Tenant) -> list[str]:
    number = Occurrence.objects.filter(tenant=tenant, status=Occurrence.Status.HELD).count()
    text = ngettext("%(n)d run is held until somebody decides.", "%(n)d runs are held until somebody decides.", number)
    return [text % {"n": number}] if number else []


def _destinations(tenant: Tenant) -> list[str]:
    bad = (Destination.Status.FAILING, Destination.Status.STOPPED)
    names = Destination.objects.for_tenant(tenant).filter(status__in=bad).order_by("name").values_list("name", flat=True)[:MOST]
    return [_("%(name)s does not take our files.") % {"name": name} for name in names]


def _bounced(tenant: Tenant, first: date) -> list[str]:
    since = usage.starts_at(tenant, first)
    found = Suppression.objects.filter(tenant=tenant, at__gte=since).named().exclude(reason=Suppression.Reason.UNSUBSCRIBED)
    return [BAD_ADDRESSES[Suppression.Reason(row.reason)] % {"address": row.email} for row in found.order_by("email")[:MOST]]


def _paused(tenant: Tenant) -> list[str]:
    faulty = Schedule.objects.for_tenant(tenant).kept().exclude(fault="").select_related("report").order_by("slug")[:MOST]
    return [_("The portal paused %(name)s: %(why)s") % {"name": schedule.title, "why": schedule.fault} for schedule in faulty]


def _keys(tenant: Tenant, now: datetime) -> list[str]:
    ending = ApiKey.objects.filter(tenant=tenant, revoked_at=None, expires_at__gt=now, expires_at__lte=now + KEY_ENDS_WITHIN)
    return [
        _("The key %(name)s ends on %(day)s.") % {"name": key.name, "day": words.day(timezone.localdate(key.expires_at))}
        for key in ending.order_by("expires_at")[:MOST]
    ]
