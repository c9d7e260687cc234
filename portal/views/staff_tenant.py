"""One company as platform staff see it, from inside and on record: its reports, its limits, its last day, its people."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal import onboarding_steps, tenant_facts
from portal.requests import StaffRequest
from portal.staff_pages import staff_tenant_page
from reports import quotas
from reports.models import Account, Pause, Schedule
from tenants.membership import members
from tenants.models import SessionTag, Tenant

PEOPLE_SHOWN = 8


@require_safe
@staff_tenant_page("tenants.view")
def overview(request: StaffRequest, tenant: Tenant) -> HttpResponse:
    now = timezone.now()
    tags = dict(SessionTag.objects.filter(tenant=tenant).order_by("key").values_list("key", "value"))
    reports = tenant_facts.offered(tenant, tags)
    people, missing = members(tenant), tenant_facts.missing_tags(reports, tags)
    context = {
        "tenant": tenant,
        "reports": reports,
        "tags": tags.items(),
        "missing_tags": missing,
        "standings": quotas.standings(tenant, now),
        "starts": tenant_facts.last_day(tenant, now),
        "schedules": Schedule.objects.for_tenant(tenant).active().count(),
        "steps": onboarding_steps.steps(tenant, missing, len(reports), people, now),
        "people": people[:PEOPLE_SHOWN],
        "more_people": max(0, len(people) - PEOPLE_SHOWN),
        "accounts": Account.objects.filter(pk__in={offered.grant.report.account_id for offered in reports}).only("name").order_by("name"),
        "pause": Pause.objects.filter(kind=Pause.Kind.TENANT, tenant=tenant).first(),
    }
    return render(request, "staff/tenant.html", context)
