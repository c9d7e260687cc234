"""One company as platform staff see it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.requests import StaffRequest
from portal.staff_pages import staff_tenant_page
from tenants.models import Tenant


@require_safe
@staff_tenant_page("tenants.view")
def overview(request: StaffRequest, tenant: Tenant) -> HttpResponse:
    return render(request, "staff/tenant.html", {"tenant": tenant})
