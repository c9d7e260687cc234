"""What a company used in a month, and how much of its limits."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from portal import usage_rows
from portal.csv_answers import as_csv
from portal.pages import tenant_page
from portal.requests import TenantRequest
from portal.usage_chart import chart
from reports import quotas
from reports import usage as domain


@require_safe
@tenant_page("usage.view")
def usage(request: TenantRequest) -> HttpResponse:
    """Limits are of now, and stand on the page of this month alone."""
    now, tenant = timezone.now(), request.tenant
    today = domain.day_of(tenant, now)
    first = usage_rows.month_asked(request.GET, today)
    is_current = first == domain.month_of(today)
    month = domain.of_month(tenant, first)
    standings = quotas.standings(tenant, now) if is_current else []
    context = {
        "month": month,
        "month_words": usage_rows.month_words(first),
        "months": usage_rows.months(domain.first_month(tenant, now), today, first),
        "is_current": is_current,
        "standings": standings,
        "notes": usage_rows.notes(tenant, standings, month, now),
        "pace": usage_rows.month_pace(tenant, month, now) if is_current else None,
        "chart": chart(month),
        "by_report": usage_rows.by_report(month),
        "by_start": usage_rows.by_start(month),
    }
    return render(request, "portal/usage.html", context)


@require_safe
@tenant_page("usage.view")
def export(request: TenantRequest) -> HttpResponse:
    """A line for each day of the month."""
    first = usage_rows.month_asked(request.GET, domain.day_of(request.tenant, timezone.now()))
    heads = [_("Day"), *(str(word) for word in usage_rows.HEADS.values())]
    days = domain.of_month(request.tenant, first).days
    rows = ([day.day.isoformat(), *(getattr(day, name) for name in usage_rows.HEADS)] for day in days)
    return as_csv(f"usage-{request.tenant.slug}-{first:%Y-%m}.csv", heads, rows)
