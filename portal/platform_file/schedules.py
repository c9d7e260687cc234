"""[[tenant.schedule]]: checked as it will be, with everything that can be checked before the first run; and when that is due."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from portal.platform_file import recipients
from portal.platform_file.audiences import apply_audiences
from portal.platform_file.changes import ACTOR
from portal.platform_file.grants import Offered
from portal.platform_file.reading import Entry
from portal.platform_file.retiring import members_of, remove_schedule
from portal.platform_file.run import Run
from reports.models import Grant, Protection, Report, Schedule
from reports.occurrences import noting
from reports.parameters import resolve
from reports.refused import Refused
from reports.scheduling import BadCron, check_cron, next_run
from tenants.models import Tenant

NEEDED = ("report", "formats", "cron")
TIMES = ("cron", "timezone", "starts_on", "ends_on")
KEPT = ("slug", "formats", "parameters", *TIMES, "enabled", "link_protection", "link_passcode")


def apply_schedule(tenant: Tenant, tags: dict[str, str], offered: Offered, entry: Entry, run: Run) -> None:
    """In the tenant's scope."""
    schedule = Schedule.objects.filter(tenant=tenant, slug=entry.label).first()
    if entry.absent:
        if schedule is not None and schedule.retired_at is None:
            remove_schedule(schedule, tenant, run)
        return
    if schedule is None and not entry.needs(*NEEDED):
        return
    reports = {report.pk: report for report in run.reports.values()}
    slug = entry.values["report"] if "report" in entry.values or schedule is None else reports[schedule.report_id].slug
    if slug in run.faulty_reports:
        return
    if slug not in offered:
        entry.fault("report", _("report “%(slug)s” is not offered to this tenant.") % {"slug": slug})
        return
    report = run.reports[slug]
    values = _values(tenant, entry) | {"report": report}
    if schedule is not None:
        schedule.report = reports[schedule.report_id]
    wanted = _as_it_will_be(schedule, values, tenant)
    if _check(wanted, report, offered[slug], entry, run):
        values |= _consequences(schedule, wanted, run)
    apply_audiences(_write(schedule, values, tenant, run), tags, report, entry, run)


def _write(schedule: Schedule | None, values: dict[str, Any], tenant: Tenant, run: Run) -> Schedule:
    name = f"{tenant.slug}/{values['slug']}"
    if schedule is None:
        schedule = Schedule.objects.create(tenant=tenant, **{"timezone": tenant.timezone} | values)
        run.changes.added("schedule", name, schedule, values, tenant)
    elif schedule.retired_at is not None:
        Schedule.objects.for_tenant(tenant).filter(pk=schedule.pk).update(retired_at=None, **values)
        run.changes.added("schedule", name, schedule, values, tenant)
    else:
        run.changes.update("schedule", name, schedule, values, tenant)
    return schedule


def _values(tenant: Tenant, entry: Entry) -> dict[str, Any]:
    """By the names of the model's fields."""
    values = {key: value for key, value in entry.values.items() if key not in ("links", "owner")}
    if "links" in entry.values:
        links = entry.values["links"]
        values["link_days"], values["link_max_uses"] = links.get("days"), links.get("max_uses")
        values["link_protection"] = links.get("protection", Protection.NOTHING)
    if "owner" in entry.values:
        values["owner_id"] = _owner(tenant, entry)
    recipients.check_domains(tenant, values.get("cc", []), entry, "cc")
    return values


def _owner(tenant: Tenant, entry: Entry) -> int | None:
    """None for an empty key: the tenant's owners."""
    email = entry.values["owner"]
    found = next((member.user_id for member in members_of(tenant) if member.user.email.lower() == email), None)
    if email and found is None:
        entry.fault("owner", _("is not a member of this tenant. Somebody who is invited can own a schedule after the first sign-in."))
    return found


def _as_it_will_be(schedule: Schedule | None, values: dict[str, Any], tenant: Tenant) -> Schedule:
    """What the portal itself paused goes on when the file changes something about it."""
    if schedule is None:
        return Schedule(tenant=tenant, **{"timezone": tenant.timezone} | values)
    if schedule.fault and any(getattr(schedule, key) != value for key, value in values.items()):
        values.setdefault("enabled", True)
    return Schedule(tenant=tenant, **{key: getattr(schedule, key) for key in KEPT} | values)


def _consequences(schedule: Schedule | None, wanted: Schedule, run: Run) -> dict[str, Any]:
    """When it is due next, and who paused it. A paused one stays due: people see what it left out.

    Without other times nothing is moved: what is due already, and not noted yet, would be lost.
    """
    changes: dict[str, Any] = {}
    has_other_times = schedule is not None and any(getattr(schedule, key) != getattr(wanted, key) for key in TIMES)
    if schedule and not schedule.retired_at and (has_other_times or (wanted.enabled and not schedule.enabled)):
        # What came due until now did so by the old times, or while it was paused.
        noting.note_all(Schedule.objects.for_tenant(schedule.tenant).select_for_update().get(pk=schedule.pk), run.now)
    if schedule is None or schedule.retired_at or (schedule.fault and wanted.enabled) or has_other_times:
        changes["next_run_at"] = next_run(wanted, run.now)
    if schedule is None or schedule.enabled != wanted.enabled:
        pause = {"paused_at": run.now, "paused_by": ACTOR.label}
        changes |= {"paused_at": None, "paused_by": "", "fault": ""} if wanted.enabled else pause
    return changes


def _check(schedule: Schedule, report: Report, grant: Grant, entry: Entry, run: Run) -> bool:
    """Whether its times are good."""
    for position, name in enumerate(schedule.formats, 1):
        if name not in report.formats:
            offered = ", ".join(report.formats)
            entry.fault(
                f"formats[{position}]", _("%(name)s is not offered for this report: %(offered)s.") % {"name": name, "offered": offered}
            )
    if schedule.link_protection == Protection.PASSCODE and not schedule.link_passcode:
        entry.fault("links.protection", _("set the passcode on the schedule's page first: secrets do not stand in this file."))
    if "parameters" not in entry.bad:
        try:
            resolve(report.parameters.all(), grant.parameters, schedule.parameters, schedule.zone, at=run.now)
        except Refused as refused:
            for place in refused.places:
                entry.fault(".".join(place.path), place.detail)
    return _check_times(schedule, entry)


def _check_times(schedule: Schedule, entry: Entry) -> bool:
    if schedule.starts_on and schedule.ends_on and schedule.ends_on < schedule.starts_on:
        entry.fault("ends_on", _("lies before starts_on."))
    try:
        check_cron(schedule.cron)
    except BadCron as error:
        entry.fault("cron", str(error))
        return False
    return True
