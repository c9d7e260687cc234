"""Looking at a company as one of its people would: for a reason, for half an hour, and seen by the company."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from portal import actors, visits
from portal.pages import SeeOther
from portal.reauthentication import recently_authenticated
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from portal.visit_forms import RaiseForm, VisitForm
from tenants import visiting
from tenants.models import SupportVisit, Tenant
from tenants.models.members import Role


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("visits.begin")
def begin(request: StaffRequest, tenant: str) -> HttpResponse:
    company = get_object_or_404(Tenant, slug=tenant)
    form = VisitForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        said, actor = form.cleaned_data, actors.of(request, request.user)
        try:
            visit = visiting.begin(request.user, company, Role(said["role"]), said["ticket"], said["reason"], actor, timezone.now())
        except visiting.VisitRefused:
            form.add_error(
                None, _("%(company)s does not allow support access. One of its owners can allow it again.") % {"company": company.name}
            )
        else:
            visits.note(request, visit)
            return SeeOther(reverse("home", args=[company.slug]))
    context = {"company": company, "form": form, "visits": SupportVisit.objects.filter(tenant=company).order_by("-since")[:10]}
    return render(request, "staff/visit.html", context, status=422 if form.errors else 200)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("visits.begin")
def let_act(request: StaffRequest) -> HttpResponse:
    """The visit of this session may from now on do a few things, too."""
    visit = visits.current(request)
    if visit is None:
        messages.info(request, _("The visit is over."))
        return redirect("staff")
    form = RaiseForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        visiting.let_act(visit, form.cleaned_data["reason"], actors.of(request, request.user), timezone.now())
        return SeeOther(reverse("home", args=[visit.tenant.slug]))
    return render(request, "staff/visit_raise.html", {"visit": visit, "form": form}, status=422 if form.errors else 200)


@require_POST
@staff_page("visits.begin")
def end(request: StaffRequest) -> HttpResponse:
    visit = visits.current(request)
    visiting.end_all_of(request.user, actors.of(request, request.user), timezone.now())
    request.session.pop(visits.VISIT, None)
    if visit is None:
        messages.info(request, _("The visit was over already."))
        return SeeOther(reverse("staff"))
    messages.success(request, _("The visit to %(company)s is over.") % {"company": visit.tenant.name})
    return SeeOther(reverse("staff_visit", args=[visit.tenant.slug]))
