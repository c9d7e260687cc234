"""What somebody without an account does with a link: a visit changes nothing; buttons ask for a file, a code, or a new link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal import actors, link_cookies, link_limits, link_pages
from portal.language import customer_language
from portal.pages import SeeOther
from reports import files, links
from reports.aws.errors import AwsError
from reports.links.remaking import prepare_again
from reports.models import Format, Link, SnapshotFile
from tenants import log_context
from tenants.models import Tenant
from tenants.scope import tenant_scope


@login_not_required
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("passcode")
def download(request: HttpRequest, code: str, token: str) -> HttpResponse:
    with translation.override(customer_language(request)):
        return _visit(request, links.tenant_of(code), token)


def _visit(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponse:
    """A program that visits true addresses, as mail scanners do, is not held up; one that tries addresses or presses buttons is."""
    posted = request.method == "POST"
    if posted and not link_limits.may_go_on(request):
        return link_pages.too_many(request)
    with _inside(request, tenant, token) as link:
        if link and not posted:
            return link_pages.state_page(request, link, timezone.now())
    if link is None:
        return link_pages.unknown(request) if posted or link_limits.may_go_on(request) else link_pages.too_many(request)
    act = ACTS.get(request.POST.get("act", ""), _give_file)
    return act(request, link, token)


@contextmanager
def _inside(request: HttpRequest, tenant: Tenant, token: str) -> Iterator[Link | None]:
    """The link as it is now, in its tenant's scope, zone and language; None: there is no such link."""
    with tenant_scope(tenant):
        link = links.find(tenant, token)
        if link is None:
            yield None
            return
        log_context.note(tenant=tenant.pk)
        with timezone.override(link.tenant.zone), translation.override(customer_language(request, link)):
            yield link


def _give_file(request: HttpRequest, link: Link, token: str) -> HttpResponse:
    """Looks for the file in S3 before the use is counted, and outside any transaction."""
    with _inside(request, link.tenant, token) as found:
        now = timezone.now()
        page = found and (link_pages.ended(request, found, now) or link_pages.locked(request, found))
        file = _chosen(request, link)
        page = page or (None if file else link_pages.ready(request, link, now, ask=True))
    if page or file is None:
        return page or link_pages.unknown(request)
    try:
        is_there = files.is_there(file)
    except AwsError:
        with _inside(request, link.tenant, token) as found:
            return link_pages.unanswered(request, link)
    return _grant(request, link, token, file) if is_there else _prepare_again(request, link, token, file)


def _grant(request: HttpRequest, link: Link, token: str, file: SnapshotFile) -> HttpResponse:
    """One statement decides and is committed before a URL exists: a link that was revoked meanwhile leads nowhere."""
    repeated, visitor, now = link_cookies.had(request, file), actors.visitor(request, link.reference), timezone.now()
    with _inside(request, link.tenant, token) as found:
        if found is None or not links.redeem(found, file, visitor, repeated=repeated, now=now):
            return link_pages.state_page(request, found, now) if found else link_pages.unknown(request)
    inline = request.POST.get("view") == "1" and file.format == Format.PDF
    response = link_pages.hidden(SeeOther(files.presigned_url(file, inline=inline)))
    if not repeated:
        # The ten minutes count from the use that was counted; a new cookie would make them endless.
        link_cookies.note_had(response, request, file)
    return response


def _prepare_again(request: HttpRequest, link: Link, token: str, file: SnapshotFile) -> HttpResponse:
    now = timezone.now()
    with _inside(request, link.tenant, token) as found:
        if found is None:
            return link_pages.unknown(request)
        if file in links.offered(found):
            prepare_again(found, file, actors.visitor(request, found.reference), now=now)
        return link_pages.state_page(request, found, now)


def _answer_code(request: HttpRequest, link: Link, token: str) -> HttpResponse:
    now = timezone.now()
    with _inside(request, link.tenant, token) as found:
        if found is None:
            return link_pages.unknown(request)
        if page := link_pages.ended(request, found, now):
            return page
    answer, left = links.try_code(link, request.POST.get("passcode", ""), now=now)
    if answer is links.Answer.RIGHT:
        response = link_pages.hidden(SeeOther(request.path))
        link_cookies.unlock(response, request, link)
        return response
    with _inside(request, link.tenant, token) as found:
        if found is None:
            return link_pages.unknown(request)
        return link_pages.state_page(request, found, now, fault=answer.value, left=left, status=422)


def _send_code(request: HttpRequest, link: Link, token: str) -> HttpResponse:
    now = timezone.now()
    with _inside(request, link.tenant, token) as found:
        if found is None:
            return link_pages.unknown(request)
        links.ask_for_code(found, now=now)
        return link_pages.state_page(request, found, now, sent=True)


def _ask_for_new_link(request: HttpRequest, link: Link, token: str) -> HttpResponse:
    """The same words whether or not a mail was asked for a moment before."""
    now = timezone.now()
    with _inside(request, link.tenant, token) as found:
        if found is None:
            return link_pages.unknown(request)
        links.ask_for_new_link(found, now=now)
        page = link_pages.ended(request, found, now, asked=found.can_be_renewed(now))
        return page or link_pages.state_page(request, found, now)


def _chosen(request: HttpRequest, link: Link) -> SnapshotFile | None:
    """By its id, which may be left out when there is one file only."""
    offered = {str(file.pk): file for file in links.offered(link)}
    wanted = request.POST.get("file", "")
    if not wanted and len(offered) == 1:
        return next(iter(offered.values()))
    return offered.get(wanted)


Act = Callable[[HttpRequest, Link, str], HttpResponse]
# By the value of the button that was pressed.
ACTS: dict[str, Act] = {"open": _answer_code, "send-code": _send_code, "new-link": _ask_for_new_link}
