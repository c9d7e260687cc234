"""Reports and tenants: what would refuse a job before QuickSight is asked."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from portal.doctor.finding import Findings, fail, ok, warn
from portal.doctor.offers import offers
from reports.models import Report
from reports.models.catalogue import PREFLIGHT_EVERY
from reports.refused import Refused
from reports.session_tags import refuse_unsafe_tags
from tenants.scope import platform_scope

# The worker asks once a report is due, every ten minutes at most; an account that is silent for a while is no fault of ours.
OLD = PREFLIGHT_EVERY + timedelta(hours=1)
SEE_WORKER = "see worker work and recurring above, and quicksight below"
MEND = "put it right in QuickSight or in the platform file, then apply that"
MEND_TAGS = "session_tags of the tenant in the platform file"


def preflights() -> Findings:
    with platform_scope():
        reports = list(Report.objects.filter(retired_at=None).order_by("slug"))
    good = 0
    for report in reports:
        if report.preflight == Report.Preflight.REFUSED:
            yield fail(report.preflight_detail.rstrip("."), report.preflight_remedy.rstrip(".") or MEND, of=report.slug)
        elif report.preflight_at is None or report.preflight == Report.Preflight.NOT_CHECKED:
            yield warn("is not checked yet", f"wait ten minutes; then {SEE_WORKER}", of=report.slug)
        elif timezone.now() - report.preflight_at > OLD:
            yield warn(f"was last checked at {report.preflight_at:%Y-%m-%d %H:%M}Z", SEE_WORKER, of=report.slug)
        else:
            good += 1
    if good == len(reports):
        yield ok(f"reports that passed their last check: {good}")


def session_tags() -> Findings:
    """What the start of a job would say. Rules of the data sets count as preflight last read them."""
    count = faulty = 0
    for offer in offers():
        count += 1
        report = offer.report
        # The report's own faults are its preflight's; only a tenant's are told here.
        rules = report.row_rules if report.preflight == Report.Preflight.PASSED else []
        try:
            refuse_unsafe_tags(offer.session_tags, report.required_tags, rules, same_for_everyone=report.is_open)
        except Refused as refused:
            faulty += 1
            yield fail(refused.detail.rstrip("."), MEND_TAGS, of=f"{offer.tenant.slug}/{report.slug}")
    if not faulty:
        yield ok(f"reports offered to tenants with all the tags they need: {count}")
