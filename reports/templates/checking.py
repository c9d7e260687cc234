"""What is wrong with a template: it is looked at as the schedule it makes in a company that was given nothing special."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.utils.translation import gettext as _

from reports import jobs
from reports.models import Grant, Report, Schedule, ScheduleTemplate
from reports.refused import Place, Refused
from reports.schedules import checks
from reports.templates.owned import WRITTEN
from tenants.models import Tenant

ANYWHERE = "UTC"
# The address of the page that makes one.
RESERVED = "new"


def check(template: ScheduleTemplate, now: datetime) -> None:
    """Brings its formats into our order. In the staff scope. Raises Refused with a place for each fault."""
    company = Tenant(timezone=ANYWHERE, allow_attachments=True)
    grant = Grant(report=template.report, parameters={})
    faults = [*_name(template), *checks.faults(as_schedule(template, company), grant, {}, now=now)]
    if faults:
        raise Refused("template_invalid", " ".join(fault.detail for fault in faults), tuple(faults))
    template.formats = jobs.check_formats(grant, template.formats)


def as_schedule(template: ScheduleTemplate, tenant: Tenant) -> Schedule:
    """Not stored: for what is checked and shown."""
    values = {name: getattr(template, name) for name in WRITTEN}
    return Schedule(tenant=tenant, report=template.report, timezone=tenant.timezone, **values)


def find_report(slug: str) -> Report:
    report = Report.objects.filter(slug=slug, retired_at=None).first()
    if report is None:
        detail = _("Choose a report of the catalogue.")
        raise Refused("template_invalid", detail, (Place(("report",), "does_not_exist", detail),))
    return report


def _name(template: ScheduleTemplate) -> Iterator[Place]:
    if not template.name.strip():
        yield Place(("name",), "required", _("Give it a name; the tenants see it, too."))
    if template.slug == RESERVED:
        yield Place(("slug",), "invalid", _("This short name cannot be used."))
