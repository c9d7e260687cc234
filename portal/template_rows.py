"""Templates over tenants as staff pages draw them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import status, words
from portal.status import Look
from reports import scheduling
from reports.models import Grant, Occurrence, ScheduleTemplate, TemplateUse
from reports.occurrences import reasons
from reports.scheduling import PlannedRun
from reports.templates import ledger
from reports.templates.checking import as_schedule
from tenants.models import Tenant

State, Status = TemplateUse.State, Occurrence.Status
# What needs somebody comes first.
ORDER = (Status.FAILED, Status.PARTLY_DELIVERED, Status.MISSED, Status.HELD, Status.RUNNING, Status.PLANNED, Status.SKIPPED)
LOOKS = {
    State.APPLIED: Look(State.APPLIED.label, "check", "ok"),
    State.WAITING: Look(State.WAITING.label, "loader-2", "run"),
    State.LEAVING: Look(State.LEAVING.label, "loader-2", "run"),
    State.FAILED: Look(State.FAILED.label, "alert-circle", "bad"),
    State.GONE: Look(State.GONE.label, "ban"),
}
MOST_ZONES = 4
# Where the domain's own sentence speaks to the tenant's people.
WHY_NOT = {"report_not_available": gettext_lazy("It does not have the report.")}


@dataclass(frozen=True)
class InZone:
    """The next runs of a template in one of its tenants' zones."""

    zone: str
    runs: list[PlannedRun]


def with_counts(templates: QuerySet[ScheduleTemplate]) -> QuerySet[Any]:
    """`tenants`: wanted; `failed` and `moving` of them."""
    return templates.select_related("report").annotate(
        tenants=Count("uses", filter=Q(uses__wanted=True)),
        failed=Count("uses", filter=~Q(uses__failure="")),
        moving=Count("uses", filter=Q(uses__next_try_at__isnull=False, uses__failure="")),
    )


def uses(template: ScheduleTemplate) -> QuerySet[Any]:
    """With the slug of the tenant, by which they are paged."""
    return TemplateUse.objects.shown().filter(template=template).select_related("tenant").annotate(slug=F("tenant__slug"))


def look(use: TemplateUse) -> Look:
    return LOOKS[use.state]


def why_not(use: TemplateUse) -> str:
    """Empty: nothing stands against it."""
    return str(WHY_NOT.get(use.failure_code, use.failure))


def candidates(template: ScheduleTemplate) -> list[Any]:
    """All companies, with `has_report` and `chosen`; those that have the report first."""
    granted = Grant.objects.filter(tenant=OuterRef("pk"), report=template.report_id, withdrawn_at=None)
    chosen = TemplateUse.objects.filter(template=template, tenant=OuterRef("pk"), wanted=True)
    found = Tenant.objects.annotate(has_report=Exists(granted.values("pk")), chosen=Exists(chosen))
    return list(found.filter(Q(has_report=True) | Q(chosen=True)).order_by("name", "slug"))


def next_runs(template: ScheduleTemplate, zones: list[str], now: datetime) -> list[InZone]:
    """Empty for a cron that cannot be read."""
    try:
        scheduling.check_cron(template.cron)
    except scheduling.BadCron:
        return []
    return [InZone(zone, scheduling.next_runs(as_schedule(template, Tenant(timezone=zone)), now)[:3]) for zone in zones]


def zones_of(template: ScheduleTemplate) -> list[str]:
    """Of its tenants, the most frequent first; UTC where it has none."""
    counted = TemplateUse.objects.filter(template=template, wanted=True).values("tenant__timezone").annotate(number=Count("pk"))
    return [row["tenant__timezone"] for row in counted.order_by("-number", "tenant__timezone")[:MOST_ZONES]] or ["UTC"]


@dataclass(frozen=True)
class DrawnRun:
    """`at`: on the tenant's own clock. `why`: without names and numbers, which staff do not see. `took`: empty when it did not run."""

    run: Occurrence
    at: str
    zone: str
    look: Look
    why: str
    took: str


def drawn_run(run: Occurrence) -> DrawnRun:
    zone = run.schedule.timezone
    at = f"{run.planned_at.astimezone(run.schedule.zone):%H:%M}"
    why = reasons.words(Occurrence(reason=run.reason, detail={}))
    did_run = run.status not in (Status.SKIPPED, Status.MISSED)
    took = words.duration(run.lateness() or 0) if run.ended_at and did_run else ""
    return DrawnRun(run, at, zone, status.of_run(run), why, took)


@dataclass(frozen=True)
class DrawnDay:
    day: date
    sentence: str
    look: Look


def drawn_day(day: ledger.Day) -> DrawnDay:
    """`37 of 40 delivered, 2 running, 1 failed`, and the look of the worst of them."""
    others = [f"{day.counts[name]} {Status(name).label.lower()}" for name in ORDER if day.counts.get(name)]
    delivered = _("%(n)d of %(all)d delivered") % {"n": day.counts.get(Status.DELIVERED, 0), "all": day.total}
    worst = next((name for name in ORDER if day.counts.get(name)), Status.DELIVERED)
    return DrawnDay(day.day, ", ".join([delivered, *others]), status.RUNS[worst])


def counts_on(days: list[ledger.Day], day: date) -> dict[str, str]:
    found = next((each for each in days if each.day == day), ledger.Day(day))
    return {name: str(number) for name, number in found.counts.items()}
