"""Destinations of a company: the list, a new one, changing one, and deleting one."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors
from portal.destination_forms import DestinationForm
from portal.pages import SeeOther, enters_itself, inside, tenant_page
from portal.reauthentication import recently_authenticated
from portal.requests import TenantRequest
from reports.destinations import changing, making, removing
from reports.destinations.listing import with_standing
from reports.models import Destination
from reports.refused import Refused

VIEW, MANAGE = "destinations.view", "destinations.manage"


@require_safe
@tenant_page(VIEW)
def destinations(request: TenantRequest) -> HttpResponse:
    rows = with_standing(Destination.objects.for_tenant(request.tenant)).order_by("-created_at", "-id")
    context = {"destinations": rows, "kinds": Destination.Kind.choices, "may_manage": request.may(MANAGE)}
    return render(request, "portal/destinations.html", context)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("secret")
@sensitive_variables("form")
@enters_itself(MANAGE)
def new(request: TenantRequest, slug: str) -> HttpResponse:
    kind = request.GET.get("kind", Destination.Kind.SFTP)
    if kind not in Destination.Kind:
        raise Http404("no such kind")
    form = DestinationForm(kind, request.POST if request.method == "POST" else None)
    context = {"form": form, "destination": None}
    with inside(request, slug, MANAGE):
        if request.method != "POST":
            return render(request, "portal/destination_edit.html", context)
    form.look_up()
    with inside(request, slug, MANAGE):
        if form.is_valid():
            try:
                made = making.create(request.tenant, actors.member(request), kind, form.wanted(), now=timezone.now())
            except Refused as refused:
                form.refuse(refused)
            else:
                messages.success(request, _("Saved. Test it before a schedule uses it."))
                return back(request, made)
        return render(request, "portal/destination_edit.html", context, status=422)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("secret")
@sensitive_variables("form")
@enters_itself(MANAGE)
def edit(request: TenantRequest, slug: str, destination: uuid.UUID) -> HttpResponse:
    with inside(request, slug, MANAGE):
        found = find(request, destination)
        form = DestinationForm(found.kind, request.POST if request.method == "POST" else None, found)
        if request.method != "POST":
            return render(request, "portal/destination_edit.html", {"form": form, "destination": found})
    form.look_up()
    with inside(request, slug, MANAGE):
        found = find(request, destination)
        if form.is_valid():
            try:
                changing.change(found, actors.member(request), form.wanted(), now=timezone.now())
            except Refused as refused:
                form.refuse(refused)
            else:
                messages.success(request, _("Saved. Test it: what waits goes there as it is now."))
                return back(request, found)
        return render(request, "portal/destination_edit.html", {"form": form, "destination": found}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page(MANAGE)
def remove(request: TenantRequest, destination: uuid.UUID) -> HttpResponse:
    found = find(request, destination)
    context = {"destination": found, "users": removing.users_of(found)}
    if request.method != "POST":
        return render(request, "portal/destination_remove.html", context)
    try:
        removing.remove(found, actors.member(request), now=timezone.now())
    except Refused as refused:
        return render(request, "portal/destination_remove.html", context | {"refused": refused.detail}, status=409)
    messages.success(request, _("“%(name)s” was deleted. Nothing is sent there any more.") % {"name": found.name})
    return SeeOther(reverse("destinations", args=[request.tenant.slug]))


def find(request: TenantRequest, pk: uuid.UUID) -> Destination:
    found = get_object_or_404(Destination.objects.for_tenant(request.tenant), pk=pk)
    found.tenant = request.tenant
    return found


def back(request: TenantRequest, destination: Destination) -> HttpResponse:
    return SeeOther(reverse("destination", args=[request.tenant.slug, destination.pk]))
