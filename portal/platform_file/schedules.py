"""[[tenant.schedule]]: stored with everything checked that can be checked before the first run."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from portal.platform_file.audiences import apply_audiences
from portal.platform_file.grants import Offered
from portal.platform_file.reading import Entry
from portal.platform_file.retiring import remove_schedule
from portal.platform_file.run import Run
from reports.models import Grant, Report, Schedule
from reports.parameters import resolve
from reports.refused import Refused
from tenants.models import Tenant

NEEDED = ("report", "formats", "cron")


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
    values = entry.values | {"report": report}
    wanted = _as_it_will_be(schedule, values, tenant)
    _check(wanted, report, offered[slug], entry, run)
    name = f"{tenant.slug}/{entry.label}"
    if schedule is None:
        schedule = wanted
        schedule.save(force_insert=True)
        run.changes.added("schedule", name, schedule, entry.values, tenant)
    else:
        schedule.report = reports[schedule.report_id]
        run.changes.update("schedule", name, schedule, values, tenant)
    apply_audiences(schedule, tags, report, entry, run)


def _as_it_will_be(schedule: Schedule | None, values: dict[str, Any], tenant: Tenant) -> Schedule:
    if schedule is None:
        return Schedule(tenant=tenant, **{"timezone": tenant.timezone} | values)
    kept = {key: getattr(schedule, key) for key in ("slug", "formats", "timezone", "parameters")}
    return Schedule(tenant=tenant, **kept | values)


def _check(schedule: Schedule, report: Report, grant: Grant, entry: Entry, run: Run) -> None:
    for position, name in enumerate(schedule.formats, 1):
        if name not in report.formats:
            offered = ", ".join(report.formats)
            entry.fault(
                f"formats[{position}]", _("%(name)s is not offered for this report: %(offered)s.") % {"name": name, "offered": offered}
            )
    if "parameters" in entry.bad:
        return
    try:
        resolve(report.parameters.all(), grant.parameters, schedule.parameters, ZoneInfo(schedule.timezone), at=run.now)
    except Refused as refused:
        for place in refused.places:
            entry.fault(".".join(place.path), place.detail)
