"""Erasing an end customer, in the address book or not: asks first, has the address typed, and tells what is on record."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.pages import SeeOther, tenant_page
from portal.reauthentication import recently_authenticated
from portal.recipient_forms import EraseForm
from portal.requests import TenantRequest
from reports import tasks
from reports.erasing import asking, rows
from reports.models import Erasure, Recipient
from reports.refused import Refused

# Nobody reads further back on this page.
SHOWN = 50


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.erase")
def erase(request: TenantRequest, recipient: uuid.UUID | None = None) -> HttpResponse:
    """Without a recipient it is somebody whom the address book does not have, or not any more."""
    found = get_object_or_404(Recipient.objects.for_tenant(request.tenant), pk=recipient) if recipient else None
    form = EraseForm(request.POST if request.method == "POST" else None, found.email if found else "")
    if form.is_valid():
        try:
            return _erase(request, form.cleaned_data["address"], form.cleaned_data["because"])
        except Refused as refused:
            form.refuse(refused)
    context = {
        "form": form,
        "recipient": found,
        "is_account": bool(found and rows.is_account(found.email)),
        "erasures": Erasure.objects.filter(tenant=request.tenant).order_by("-at")[:SHOWN],
        "back": reverse("recipient", args=[request.tenant.slug, found.pk]) if found else reverse("recipients", args=[request.tenant.slug]),
    }
    return render(request, "portal/recipient_erase.html", context, status=422 if form.errors else 200)


def _erase(request: TenantRequest, address: str, because: str) -> HttpResponse:
    erased = asking.erase(request.tenant, actors.member(request), address, because, now=timezone.now())
    if erased.ended_at is None:
        transaction.on_commit(tasks.send_remove_erased)
    if not erased.removed["rows"] and not erased.removed["files"]:
        messages.success(request, _("Nothing was stored of this address. That somebody asked is on record."))
    else:
        messages.success(request, _("The person was erased. How much was removed is on record; who it was is not."))
    if rows.is_account(address.strip().lower()):
        messages.info(request, _("Somebody signs in with the same address. That account was not touched."))
    return SeeOther(reverse("recipients_erase", args=[request.tenant.slug]))
