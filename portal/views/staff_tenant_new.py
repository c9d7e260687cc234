"""Making a company, and inviting its first owner again where the first invitation went astray."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import actors, onboarding
from portal.pages import SeeOther
from portal.reauthentication import recently_authenticated
from portal.requests import StaffRequest
from portal.staff_pages import staff_page, staff_tenant_page
from portal.tenant_new_form import InviteOwnerForm, NewTenantForm
from reports.models import Report
from reports.refused import Refused
from tenants.models import Tenant
from tenants.scope import staff_scope


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("tenants.create", scoped=False)
def new(request: StaffRequest) -> HttpResponse:
    """The catalogue is read as staff; portal/onboarding.py goes from scope to scope by itself."""
    with staff_scope(request.user):
        reports = list(Report.objects.filter(retired_at=None).order_by("name", "slug"))
    form = NewTenantForm(reports, request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made, is_new = onboarding.begin(form.wanted(request.user), request.user, actors.member(request), timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            if is_new:
                told = _("%(company)s was made. An invitation to %(email)s is on its way.")
                messages.success(request, told % {"company": made.name, "email": form.cleaned_data["owner"]})
            return SeeOther(reverse("staff_tenant", args=[made.slug]))
    return render(request, "staff/tenant_new.html", {"form": form}, status=422 if form.errors else 200)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_tenant_page("tenants.create")
def invite(request: StaffRequest, tenant: Tenant) -> HttpResponse:
    form = InviteOwnerForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            onboarding.invite_owner(tenant, form.cleaned_data["owner"], actors.member(request), timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            told = _("An invitation to %(email)s is on its way. An older one has ended.")
            messages.success(request, told % {"email": form.cleaned_data["owner"]})
            return SeeOther(reverse("staff_tenant", args=[tenant.slug]))
    return render(request, "staff/tenant_invite.html", {"tenant": tenant, "form": form}, status=422 if form.errors else 200)
