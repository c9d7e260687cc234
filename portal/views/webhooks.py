"""Webhooks of a company: the list, a new one, changing one, a new secret, and deleting one."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors
from portal.pages import SeeOther, enters_itself, inside, tenant_page
from portal.reauthentication import recently_authenticated
from portal.requests import TenantRequest
from portal.webhook_forms import ReplaceForm, WebhookForm
from reports.models import Webhook
from reports.refused import Refused
from reports.webhooks import changing, making, removing, rotating

MANAGE = "webhooks.manage"


@require_safe
@tenant_page("webhooks.view")
def webhooks(request: TenantRequest) -> HttpResponse:
    rows = Webhook.objects.for_tenant(request.tenant).with_standing().order_by("-created_at", "-id")
    return render(request, "portal/webhooks.html", {"webhooks": rows, "may_manage": request.may(MANAGE)})


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("made")
@enters_itself(MANAGE)
def new(request: TenantRequest, slug: str) -> HttpResponse:
    form = WebhookForm(request.POST if request.method == "POST" else None)
    with inside(request, slug, MANAGE):
        if request.method != "POST":
            return render(request, "portal/webhook_new.html", {"form": form})
    form.look_up()
    with inside(request, slug, MANAGE):
        if form.is_valid():
            try:
                made = making.create(request.tenant, actors.member(request), form.wanted(), now=timezone.now())
            except Refused as refused:
                form.refuse(refused)
            else:
                return _show_once(request, made, replaced=False)
        return render(request, "portal/webhook_new.html", {"form": form}, status=422)


@require_http_methods(["GET", "HEAD", "POST"])
@enters_itself(MANAGE)
def edit(request: TenantRequest, slug: str, webhook: uuid.UUID) -> HttpResponse:
    with inside(request, slug, MANAGE):
        found = find(request, webhook)
        form = WebhookForm(request.POST if request.method == "POST" else None, found)
        if request.method != "POST":
            return render(request, "portal/webhook_edit.html", {"webhook": found, "form": form})
    form.look_up()
    with inside(request, slug, MANAGE):
        found = find(request, webhook)
        if form.is_valid():
            try:
                changing.change(found, actors.member(request), form.wanted(), now=timezone.now())
            except Refused as refused:
                form.refuse(refused)
            else:
                messages.success(request, _("Saved. What waits goes to this address too."))
                return back(request, found)
        return render(request, "portal/webhook_edit.html", {"webhook": found, "form": form}, status=422)


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("made")
@tenant_page(MANAGE)
def replace(request: TenantRequest, webhook: uuid.UUID) -> HttpResponse:
    found = find(request, webhook, held=request.method == "POST")
    context = {"webhook": found, "now": timezone.now()}
    if request.method != "POST":
        return render(request, "portal/webhook_replace.html", context)
    form = ReplaceForm(request.POST)
    if not form.is_valid() or form.cleaned_data["hint"] != found.secret_hint:
        return render(request, "portal/webhook_replace.html", context | {"was_replaced": True}, status=422)
    made = rotating.rotate_secret(found, actors.member(request), now=timezone.now())
    return _show_once(request, made, replaced=True)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page(MANAGE)
def remove(request: TenantRequest, webhook: uuid.UUID) -> HttpResponse:
    found = find(request, webhook)
    if request.method != "POST":
        return render(request, "portal/webhook_remove.html", {"webhook": found})
    removing.remove(found, actors.member(request), now=timezone.now())
    messages.success(request, _("The webhook at %(host)s was deleted. Nothing is sent there any more.") % {"host": making.host(found)})
    return SeeOther(reverse("webhooks", args=[request.tenant.slug]))


def find(request: TenantRequest, pk: uuid.UUID, *, held: bool = False) -> Webhook:
    """`held`: until the request's end nobody else changes it."""
    rows = Webhook.objects.for_tenant(request.tenant)
    found = get_object_or_404(rows.select_for_update() if held else rows, pk=pk)
    found.tenant = request.tenant
    return found


def back(request: TenantRequest, webhook: Webhook) -> HttpResponse:
    return SeeOther(reverse("webhook", args=[request.tenant.slug, webhook.pk]))


@sensitive_variables("made")
def _show_once(request: TenantRequest, made: making.Made, *, replaced: bool) -> HttpResponse:
    """In the answer to the form itself: it is kept in no session, cookie or log on its way to another page. Sent once more, the form is
    refused, because there is such a webhook, or its secret was replaced, by then."""
    return render(request, "portal/webhook_made.html", {"made": made, "replaced": replaced})
