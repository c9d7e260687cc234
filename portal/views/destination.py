"""One destination: where it stands, a test of it, and the host key of a server."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import actors
from portal.destination_forms import PinForm
from portal.pages import SeeOther, enters_itself, inside, tenant_page
from portal.reauthentication import recently_authenticated
from portal.requests import TenantRequest
from portal.views.destinations import MANAGE, VIEW, back, find
from reports.destinations import host_keys, testing
from reports.destinations.listing import with_standing
from reports.models import Destination
from reports.refused import Refused
from tenants.encryption import Unreadable


@require_safe
@tenant_page(VIEW)
def destination(request: TenantRequest, destination: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(with_standing(Destination.objects.for_tenant(request.tenant)), pk=destination)
    found.tenant = request.tenant
    return render(request, "portal/destination.html", {"destination": found, "may_manage": request.may(MANAGE), "now": timezone.now()})


@require_POST
@enters_itself(MANAGE)
def test(request: TenantRequest, slug: str, destination: uuid.UUID) -> HttpResponse:
    """Outside of the request's scope: the other side may take its time. What happened is on the destination's page."""
    with inside(request, slug, MANAGE):
        found = find(request, destination)
        actor = actors.member(request)
    try:
        told = testing.test(found, actor, timezone.now)
    except Refused as refused:
        messages.error(request, refused.detail)
    except Unreadable:
        messages.error(request, _("What signs us in there cannot be read any more. Type it again under Edit."))
    else:
        if told is None:
            return SeeOther(reverse("destinations", args=[slug]))
    return SeeOther(reverse("destination", args=[slug, destination]))


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@enters_itself(MANAGE)
def host_key(request: TenantRequest, slug: str, destination: uuid.UUID) -> HttpResponse:
    """First the server is asked, and a person looks at its key; then that very key is pinned."""
    with inside(request, slug, MANAGE):
        found = find(request, destination)
        if found.kind != Destination.Kind.SFTP:
            raise Http404("only servers have host keys")
        form = PinForm(request.POST)
        if request.method == "POST" and form.is_valid():
            return _pinned(request, found, form.cleaned_data["host_key"])
        if request.method != "POST":
            return render(request, "portal/destination_host_key.html", {"destination": found})
    shown, refused = _asked(found)
    with inside(request, slug, MANAGE):
        context = {"destination": found, "shown": shown, "refused": refused}
        return render(request, "portal/destination_host_key.html", context, status=422 if refused else 200)


def _pinned(request: TenantRequest, destination: Destination, line: str) -> HttpResponse:
    try:
        host_keys.pin(destination, actors.member(request), line, now=timezone.now())
    except Refused as refused:
        return render(request, "portal/destination_host_key.html", {"destination": destination, "refused": refused.detail}, status=422)
    messages.success(request, _("The key is pinned. Nothing is sent to a server that shows another one."))
    return back(request, destination)


def _asked(destination: Destination) -> tuple[str, str]:
    """The key that the server shows, or why there is none."""
    try:
        return host_keys.fetch(destination.config["host"], destination.config["port"]), ""
    except Refused as refused:
        return "", refused.detail
