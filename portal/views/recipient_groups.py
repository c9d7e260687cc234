"""Groups of recipients: the list, one group with its people, and taking it away."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from portal import actors
from portal.pages import SeeOther, tenant_page
from portal.paging import page_by
from portal.recipient_forms import GroupForm, JoinForm
from portal.requests import TenantRequest
from portal.views.recipients import tabs
from reports.address_book import groups as domain
from reports.address_book import listing
from reports.models import Recipient, RecipientGroup
from reports.refused import Refused


@require_safe
@tenant_page("recipients.view")
def groups(request: TenantRequest) -> HttpResponse:
    page = page_by(listing.groups_with_facts(request.tenant), request.GET, "name")
    gets = listing.gets_of_groups(request.tenant, page.rows)
    context = {
        "tabs": tabs(request, "groups"),
        "page": page,
        "groups": [(group, gets.get(group.pk, [])) for group in page.rows],
        "may_manage": request.may("recipients.manage"),
    }
    return render(request, "portal/recipient_groups.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.manage")
def new(request: TenantRequest) -> HttpResponse:
    form = GroupForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            group = domain.add(request.tenant, actors.member(request), form.cleaned_data["name"], now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            return SeeOther(_address(request, group))
    return render(request, "portal/recipient_group_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.manage")
def edit(request: TenantRequest, group: uuid.UUID) -> HttpResponse:
    """POST renames; its people have an address of their own."""
    found = _find(request, group)
    form = GroupForm(request.POST if request.method == "POST" else None, initial={"name": found.name})
    if form.is_valid():
        try:
            domain.rename(found, actors.member(request), form.cleaned_data["name"], now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, _("“%(name)s” was saved.") % {"name": found.name})
            return SeeOther(_address(request, found))
    return _page(request, _find(request, group), form, JoinForm())


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.manage")
def people(request: TenantRequest, group: uuid.UUID) -> HttpResponse:
    """One person out of it, or several into it: all of the addresses, or none if one of them is not in the list."""
    found = _find(request, group)
    if request.method != "POST":
        return SeeOther(_address(request, found))
    if "leave" in request.POST:
        return _leave(request, found)
    form = JoinForm(request.POST)
    if form.is_valid():
        wanted = form.addresses()
        known = {person.email: person for person in Recipient.objects.for_tenant(request.tenant).filter(email__in=wanted)}
        unknown = [email for email in wanted if email not in known]
        if unknown:
            form.add_error("people", _("Not in the list of people: %(emails)s. Add them there first.") % {"emails": ", ".join(unknown[:5])})
        else:
            joined = domain.join(found, actors.member(request), known.values(), now=timezone.now())
            messages.success(request, ngettext("%(n)d person was added.", "%(n)d people were added.", joined) % {"n": joined})
            return SeeOther(_address(request, found))
    return _page(request, found, GroupForm(initial={"name": found.name}), form)


def _leave(request: TenantRequest, group: RecipientGroup) -> HttpResponse:
    person = Recipient.objects.for_tenant(request.tenant).filter(email=request.POST["leave"].replace("\0", "")).first()
    if person and domain.leave(group, actors.member(request), [person], now=timezone.now()):
        messages.success(request, _("%(email)s is no longer in “%(name)s”.") % {"email": person.email, "name": group.name})
    return SeeOther(_address(request, group))


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("recipients.manage")
def remove(request: TenantRequest, group: uuid.UUID) -> HttpResponse:
    found = _find(request, group)
    if request.method != "POST":
        gets = listing.gets_of_groups(request.tenant, [found]).get(found.pk, [])
        return render(request, "portal/recipient_group_remove.html", {"group": found, "gets": gets})
    domain.remove(found, actors.member(request), now=timezone.now())
    messages.success(request, _("The group “%(name)s” was removed. Its people are still here.") % {"name": found.name})
    return SeeOther(reverse("recipient_groups", args=[request.tenant.slug]))


def _page(request: TenantRequest, group: RecipientGroup, form: GroupForm, joining: JoinForm) -> HttpResponse:
    page = page_by(Recipient.objects.for_tenant(request.tenant).filter(groups=group), request.GET, "email")
    gets = listing.gets_of_groups(request.tenant, [group]).get(group.pk, [])
    context = {"group": group, "form": form, "joining": joining, "page": page, "gets": gets}
    return render(request, "portal/recipient_group.html", context, status=422 if form.errors or joining.errors else 200)


def _find(request: TenantRequest, pk: uuid.UUID) -> RecipientGroup:
    found = get_object_or_404(listing.groups_with_facts(request.tenant), pk=pk)
    found.tenant = request.tenant
    return found


def _address(request: TenantRequest, group: RecipientGroup) -> str:
    return reverse("recipient_group", args=[request.tenant.slug, group.pk])
