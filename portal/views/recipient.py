"""One recipient: adding, changing, removing, and sending again where mail bounced."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from portal import actors, selected
from portal.pages import SeeOther, tenant_page
from portal.recipient_forms import PersonForm, RemoveForm
from portal.requests import TenantRequest
from reports import undoing
from reports.address_book import listing, people, several
from reports.address_book import stopped as stopping
from reports.models import Delivery, Recipient, RecipientGroup, Suppression
from reports.refused import Refused
from reports.undoing import Act


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.manage")
def new(request: TenantRequest) -> HttpResponse:
    form = PersonForm(_groups(request), request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            added = people.add(request.tenant, actors.member(request), form.person(), now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("%(email)s was added.") % {"email": added.email})
            return SeeOther(_list(request))
    return render(request, "portal/recipient_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.manage")
def edit(request: TenantRequest, recipient: uuid.UUID) -> HttpResponse:
    found = _find(request, recipient)
    form = PersonForm(_groups(request), request.POST if request.method == "POST" else None, found)
    if form.is_valid():
        try:
            people.change(found, actors.member(request), form.person(), now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("%(email)s was saved.") % {"email": found.email})
            return SeeOther(_list(request))
        # The page below tells of the person as they are kept.
        found = _find(request, recipient)
    return render(request, "portal/recipient.html", _facts(request, found) | {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.manage")
def remove(request: TenantRequest, recipient: uuid.UUID) -> HttpResponse:
    """Asks, because it offers to revoke what the person can still open: that alone cannot be undone."""
    found, form = _find(request, recipient), RemoveForm(request.POST)
    if request.method != "POST" or not form.is_valid():
        return render(request, "portal/recipient_remove.html", {"recipient": found})
    now, actor, revoke = timezone.now(), actors.member(request), form.cleaned_data["revoke_links"]
    outcome, revoked = several.remove(request.tenant, [found.pk], actor, now, revoke_links=revoke)
    token = undoing.remember(request.tenant, actor, Act.RECIPIENTS_REMOVED, outcome.rows, now)
    told = _("%(email)s was removed.") % {"email": found.email}
    if revoked:
        told += " " + ngettext("%(n)d link was revoked.", "%(n)d links were revoked.", revoked) % {"n": revoked}
    messages.success(request, told, selected.undo_tag(request, "recipients_undo", token))
    return SeeOther(_list(request))


@require_POST
@tenant_page("recipients.manage")
def send_again(request: TenantRequest, suppression: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(Suppression.objects.filter(tenant=request.tenant), pk=suppression)
    try:
        stopping.send_again(request.tenant, found.email, actors.member(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("Emails go to %(email)s again, from the next run.") % {"email": found.email})
    return SeeOther(reverse("recipients_bounced", args=[request.tenant.slug]))


def _facts(request: TenantRequest, recipient: Any) -> dict[str, Any]:
    tenant = request.tenant
    stopped = Suppression.objects.filter(tenant=tenant, email=recipient.email).first() if recipient.stopped else None
    return {
        "recipient": recipient,
        "may_erase": request.may("recipients.erase"),
        "stopped": stopped,
        "own_word": stopping.OWN_WORD.get(Suppression.Reason(stopped.reason), "") if stopped else "",
        "gets": listing.gets_of_people(tenant, [recipient]).get(recipient.pk, []),
        "last_mail": Delivery.Status(recipient.last_mail_status).label if recipient.last_mail_status else "",
    }


def _find(request: TenantRequest, pk: uuid.UUID) -> Any:
    everybody = listing.with_facts(Recipient.objects.for_tenant(request.tenant))
    found = get_object_or_404(listing.with_mail(everybody, timezone.now()), pk=pk)
    found.tenant = request.tenant
    return found


def _groups(request: TenantRequest) -> list[RecipientGroup]:
    return list(RecipientGroup.objects.filter(tenant=request.tenant).order_by("name"))


def _list(request: TenantRequest) -> str:
    return reverse("recipients", args=[request.tenant.slug])
