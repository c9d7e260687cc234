"""All that was sent to an end customer's address, for whoever can read its mail. A visit changes nothing; no script, no account."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import archive_cookies, archive_pages, archive_rows, link_limits, link_pages
from portal.language import customer_language
from portal.pages import SeeOther
from reports import archive as domain
from reports import links
from reports.address_book.addresses import clean_address
from reports.models import ArchiveVisit
from reports.refused import Refused
from tenants import log_context
from tenants.models import Tenant
from tenants.scope import tenant_scope


@login_not_required
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def archive(request: HttpRequest, code: str) -> HttpResponse:
    """Without a visit it asks for an address, on a page that is the same whatever code it has."""
    if request.method == "POST" and not link_limits.may_go_on(request):
        return link_pages.too_many(request)
    tenant, now = links.tenant_of(code), timezone.now()
    with tenant_scope(tenant), translation.override(customer_language(request)):
        visit = domain.current(tenant, archive_cookies.session_of(request, tenant), now)
        if visit is None:
            return _ask(request, tenant, now) if request.method == "POST" else archive_pages.ask(request)
        with _for_its_reader(visit):
            if visit.tenant.suspended_at:
                return archive_pages.resting(request, visit.tenant)
            return _act(request, visit, now) if request.method == "POST" else archive_rows.page(request, visit, now)


@login_not_required
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def way_in(request: HttpRequest, code: str, token: str) -> HttpResponse:
    """Mail scanners visit addresses; only the button opens, and once."""
    if request.method == "POST" and not link_limits.may_go_on(request):
        return link_pages.too_many(request)
    tenant, now = links.tenant_of(code), timezone.now()
    with tenant_scope(tenant):
        visit = domain.find(tenant, token)
        if visit is not None:
            log_context.note(tenant=tenant.pk)
            with _for_its_reader(visit):
                return _enter(request, visit, now)
    with translation.override(customer_language(request)):
        if request.method != "POST" and not link_limits.may_go_on(request):
            return link_pages.too_many(request)
        return link_pages.unknown(request)


@contextmanager
def _for_its_reader(visit: ArchiveVisit) -> Iterator[None]:
    with timezone.override(visit.tenant.zone), translation.override(visit.language):
        yield


def _enter(request: HttpRequest, visit: ArchiveVisit, now: datetime) -> HttpResponse:
    if visit.tenant.suspended_at:
        return archive_pages.resting(request, visit.tenant)
    here = reverse("archive", args=[visit.tenant.code])
    own = domain.current(visit.tenant, archive_cookies.session_of(request, visit.tenant), now)
    if own is not None and own.pk == visit.pk:
        return link_pages.hidden(SeeOther(here))
    if request.method != "POST":
        return archive_pages.way_in(request, visit, is_fresh=visit.opened_at is None and visit.expires_at > now)
    session = domain.open_visit(visit, now)
    if not session:
        return archive_pages.way_in(request, visit, is_fresh=False)
    response = link_pages.hidden(SeeOther(here))
    archive_cookies.give(response, visit.tenant, session)
    return response


def _ask(request: HttpRequest, tenant: Tenant, now: datetime) -> HttpResponse:
    """What is no address at all is said to be none; of any other the same is said, and done."""
    if request.POST.get("act") in ("close", "open", "renew"):
        # Of a visit that has ended meanwhile.
        return link_pages.hidden(SeeOther(request.path))
    typed = request.POST.get("address", "")
    try:
        address = clean_address(typed[:300])
    except Refused as refused:
        return archive_pages.ask(request, fault=refused.detail, typed=typed[:300])
    known = Tenant.objects.filter(pk=tenant.pk, suspended_at=None).first()
    if known is not None:
        domain.ask(known, address, language=translation.get_language() or known.language, now=now)
    return archive_pages.asked(request)


def _act(request: HttpRequest, visit: ArchiveVisit, now: datetime) -> HttpResponse:
    """As the button says that was pressed: its name is the act, its value the row."""
    if request.POST.get("act") == "close":
        domain.close(visit, now)
        response = link_pages.hidden(SeeOther(request.path))
        archive_cookies.take(response, visit.tenant)
        return response
    if "renew" in request.POST:
        return _renew(request, visit, now)
    delivery = domain.find_sent(visit, request.POST.get("open", ""), now)
    if delivery is None:
        return link_pages.hidden(SeeOther(request.path))
    # Its own page counts, asks for its passcode and records, as if it was opened from its mail.
    return link_pages.hidden(SeeOther(links.for_delivery(delivery, now=now).url))


def _renew(request: HttpRequest, visit: ArchiveVisit, now: datetime) -> HttpResponse:
    """The same words whether or not a mail was asked for a moment before."""
    delivery = domain.find_sent(visit, request.POST.get("renew", ""), now)
    link = delivery.links.select_related("tenant", "job").order_by("created_at", "pk").first() if delivery else None
    if link is not None:
        links.ask_for_new_link(link, now=now)
    told = _("If a new link can be sent, it is on its way to %(address)s. It can take some minutes.") % {"address": visit.email}
    return archive_rows.page(request, visit, now, told=told)
