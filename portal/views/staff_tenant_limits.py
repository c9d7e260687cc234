"""What one company is given of the slots, and how much it may use."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.pages import SeeOther
from portal.reauthentication import recently_authenticated
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from portal.tenant_forms import LimitsForm
from reports import quotas
from tenants import shares
from tenants.models import Tenant


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("tenants.manage")
def limits(request: StaffRequest, tenant: str) -> HttpResponse:
    found = get_object_or_404(Tenant, slug=tenant)
    form = LimitsForm(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        now, actor, because = timezone.now(), actors.member(request), form.cleaned_data["because"]
        shared = shares.set_shares(found, form.shares(), actor, because, now=now)
        limited = quotas.set_quotas(found, form.quotas(), actor, because, now=now)
        messages.success(request, _("Saved. It counts from the next job.") if shared or limited else _("Nothing was changed."))
        return SeeOther(reverse("staff_tenant", args=[found.slug]))
    return render(request, "staff/tenant_limits.html", {"tenant": found, "form": form}, status=422 if form.errors else 200)
