"""Which reports a tenant is offered (`reports`), and the parameters pinned for it ([[tenant.grant]])."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from portal.platform_file.reading import Entry
from portal.platform_file.retiring import withdraw
from portal.platform_file.run import Run
from reports.models import Grant, Report
from reports.parameters import BadValue, check_value
from reports.refused import Refused
from reports.session_tags import refuse_unsafe_tags
from tenants.models import Tenant

# Active grants by the slug of their report.
Offered = dict[str, Grant]


def apply_grants(tenant: Tenant, tags: dict[str, str], entry: Entry, run: Run) -> Offered:
    """The grants in force afterwards. In the tenant's scope."""
    by_id = {report.pk: report for report in run.reports.values()}
    present = {by_id[grant.report_id].slug: grant for grant in Grant.objects.for_tenant(tenant)}
    if "reports" in entry.values:
        _offer(tenant, present, entry, run)
    offered = {slug: grant for slug, grant in present.items() if not grant.withdrawn_at and not run.reports[slug].retired_at}
    for pins in entry.children["grant"]:
        _pin(tenant, offered, pins, run)
    _check_isolation(tags, (run.reports[slug] for slug in offered if slug not in run.faulty_reports), entry)
    return offered


def _offer(tenant: Tenant, present: Offered, entry: Entry, run: Run) -> None:
    wanted: list[str] = entry.values["reports"]
    for position, slug in enumerate(wanted, 1):
        if _is_offerable(slug, f"reports[{position}]", entry, run):
            _grant(tenant, run.reports[slug], present, run)
    for slug, grant in present.items():
        if slug not in wanted and not grant.withdrawn_at:
            withdraw(grant, slug, tenant, run)


def _is_offerable(slug: str, key: str, entry: Entry, run: Run) -> bool:
    report = run.reports.get(slug)
    if report is None:
        if slug not in run.faulty_reports:
            entry.fault(key, _("there is no report “%(slug)s”.") % {"slug": slug})
    elif report.retired_at:
        entry.fault(key, _("report “%(slug)s” is retired.") % {"slug": slug})
    return report is not None and not report.retired_at


def _grant(tenant: Tenant, report: Report, present: Offered, run: Run) -> None:
    grant = present.get(report.slug)
    if grant is not None and not grant.withdrawn_at:
        return
    if grant is None:
        grant = present[report.slug] = Grant.objects.create(tenant=tenant, report=report)
    else:
        Grant.objects.for_tenant(tenant).filter(pk=grant.pk).update(withdrawn_at=None)
        grant.withdrawn_at = None
    run.changes.added("grant", f"{tenant.slug}/{report.slug}", grant, {"parameters": grant.parameters}, tenant)


def _pin(tenant: Tenant, offered: Offered, entry: Entry, run: Run) -> None:
    if entry.label in run.faulty_reports:
        return
    grant = offered.get(entry.label)
    if grant is None:
        if not entry.absent:
            entry.fault("report", _("this report is not offered to the tenant: name it in its `reports` too."))
        return
    values = {} if entry.absent else entry.values.get("parameters", grant.parameters)
    if _check_pins(run.reports[entry.label], values, tenant.zone, entry):
        run.changes.update("grant", f"{tenant.slug}/{entry.label}", grant, {"parameters": values}, tenant)


def _check_pins(report: Report, values: dict[str, list[object]], zone: ZoneInfo, entry: Entry) -> bool:
    known = {parameter.name: parameter for parameter in report.parameters.all()}
    good = True
    for name, value in values.items():
        try:
            if name not in known:
                raise BadValue("parameter_unknown", _("is not a parameter of the report. Known: %s.") % (", ".join(known) or "-"))
            check_value(known[name], value, zone)
        except BadValue as error:
            entry.fault(f"parameters.{name}", str(error))
            good = False
    return good


def _check_isolation(tags: dict[str, str], reports: Iterable[Report], entry: Entry) -> None:
    """What would stop every job at its start is said here already."""
    if "session_tags" in entry.bad:
        return
    for report in reports:
        try:
            refuse_unsafe_tags(tags, report.required_tags, report.row_rules, same_for_everyone=report.is_open)
        except Refused as refused:
            entry.fault("session_tags", _("report “%(slug)s”: %(detail)s") % {"slug": report.slug, "detail": refused.detail})
