"""What a schedule would do as it is typed: its times, what its recipients see, and what speaks against it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from portal import cadence_fields
from portal.schedule_form import ScheduleForm
from reports import cadence, periods, scheduling
from reports.mails import preview as mail_preview
from reports.models import AudienceDestination, GroupMember, Schedule
from reports.occurrences import load
from reports.schedules import addressees
from reports.schedules.audiences import who_gets
from reports.scheduling import PlannedRun
from tenants.models import Tenant


@dataclass
class Preview:
    """`missing` is a sentence: why there are no runs to show. `people`: None: not known."""

    words: str = ""
    runs: list[PlannedRun] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missing: str = ""
    warning: str = ""
    sender: str = ""
    subject: str = ""
    people: int | None = None
    destinations: int = 0
    schedule: Schedule | None = None


def preview_of(tenant: Tenant, form: ScheduleForm, stored: Schedule | None, *, now: datetime) -> Preview:
    """In the tenant's scope. Of the form as it is filled, right or wrong."""
    values = _values(form)
    schedule = _as_typed(tenant, form, values, stored)
    preview = Preview(sender=tenant.sender_name or _("%(company)s Reports") % {"company": tenant.name})
    preview.schedule = schedule
    preview.people = _people(tenant, values.get("recipients", []), stored)
    preview.destinations = _destinations(tenant, values.get("destinations") or [], preview.people, stored)
    _add_times(preview, schedule, now)
    schedule.next_run_at = preview.runs[0].at if preview.runs else None
    preview.subject = _subject(schedule, now)
    return preview


def _subject(schedule: Schedule, now: datetime) -> str:
    try:
        # Whose name it would be is not known yet.
        return mail_preview.subject(schedule, "…", now)
    except periods.BadPeriod:
        # Half typed: the last days, and not yet how many.
        return schedule.subject or schedule.title


def _add_times(preview: Preview, schedule: Schedule, now: datetime) -> None:
    if not schedule.cron:
        preview.missing = _("Say how often it runs, and its next runs are shown here.")
        return
    try:
        scheduling.check_cron(schedule.cron)
    except scheduling.BadCron as error:
        preview.missing = _("Cron: %(fault)s") % {"fault": error}
        return
    preview.words = str(cadence.describe(schedule.cron))
    if schedule.starts_on and schedule.ends_on and schedule.ends_on < schedule.starts_on:
        preview.missing = _("It ends before it starts.")
        return
    preview.runs = scheduling.next_runs(schedule, now)
    if not preview.runs:
        preview.missing = _("With these dates it would never run again.")
        return
    preview.notes = list(dict.fromkeys(run.note for run in preview.runs if run.note))
    preview.warning = load.warning(schedule, now)


def _values(form: ScheduleForm) -> dict[str, Any]:
    """Of an untouched form, what it shows."""
    if not form.is_bound:
        shown = dict(form.initial) | {name: form.initial.get(name) for name in ("starts_on", "ends_on", "ready_by")}
        return shown | {"cron": form.initial.get("cron") or cadence_fields.USUAL.to_cron()}
    form.is_valid()
    return form.values()


def _as_typed(tenant: Tenant, form: ScheduleForm, values: dict[str, Any], stored: Schedule | None) -> Schedule:
    known = (
        "name",
        "formats",
        "parameters",
        "cron",
        "starts_on",
        "ends_on",
        "ready_by",
        "subject",
        "link_days",
        "link_max_uses",
        "link_protection",
        "attach",
    )
    fields = {"formats": []} | {name: values[name] for name in known if values.get(name) is not None}
    schedule = Schedule(tenant=tenant, report=form.report, timezone=values.get("timezone") or tenant.timezone, **fields)
    if stored is not None:
        # Its own runs are no load beside it.
        schedule.pk = stored.pk
    return schedule


def _people(tenant: Tenant, lines: list[str], stored: Schedule | None) -> int:
    """Of the audience that is typed here, and of those that have a page of their own."""
    found = addressees.read(tenant, lines)
    members = GroupMember.objects.filter(tenant=tenant, group__in=found.groups or []).values_list("recipient__email", flat=True)
    others = [way.email for way in who_gets(stored) if way.audience.name] if stored else []
    return len({*found.emails, *members, *others})


def _destinations(tenant: Tenant, typed: Collection[Any], people: int, stored: Schedule | None) -> int:
    """Those that are chosen here. Where nothing else would keep a run from being skipped, those of audiences with a page of their own."""
    if typed or people or stored is None:
        return len(typed)
    others = AudienceDestination.objects.filter(tenant=tenant, audience__schedule=stored).exclude(audience__name="")
    return others.values("destination").distinct().count()
