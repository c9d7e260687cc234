"""Offering a company a report of the catalogue, and taking it back: platform staff do, inside the company, for a reason.

A platform file that lists the company's reports says the same of them at its next `apply`, and the file wins.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from reports.models import Grant, Report
from reports.refused import Refused
from reports.session_tags import refuse_unsafe_tags
from tenants.audit import Actor, record
from tenants.models import SessionTag, Tenant


@transaction.atomic
def grant(tenant: Tenant, report: Report, actor: Actor, because: str, now: datetime) -> bool:
    """False: it has it. Raises Refused where its tags would not hold rows back: every job would stop at its start. In the tenant's scope.

    One that was taken back comes with the parameters that were pinned for it.
    """
    if report.retired_at:
        raise Refused("report_not_available", _("%(report)s is retired.") % {"report": report.name})
    tags = dict(SessionTag.objects.filter(tenant=tenant).values_list("key", "value"))
    refuse_unsafe_tags(tags, report.required_tags, report.row_rules, same_for_everyone=report.is_open)
    granted, is_new = Grant.objects.get_or_create(tenant=tenant, report=report)
    if not is_new and not Grant.objects.for_tenant(tenant).filter(pk=granted.pk).exclude(withdrawn_at=None).update(withdrawn_at=None):
        return False
    after = {"report": report.slug, "parameters": granted.parameters, "because": because}
    record(actor, "grant.created", now=now, tenant=tenant, about=granted, after=after)
    return True


def take_back(granted: Grant, actor: Actor, because: str, now: datetime) -> bool:
    """False: somebody was quicker. What was made stays; nothing new starts, and links to it open as before. In the tenant's scope."""
    active = Grant.objects.for_tenant(granted.tenant).filter(pk=granted.pk, withdrawn_at=None)
    if not active.update(withdrawn_at=now):
        return False
    before = {"report": granted.report.slug, "parameters": granted.parameters}
    record(actor, "grant.removed", now=now, tenant=granted.tenant, about=granted, before=before, after={"because": because})
    return True
