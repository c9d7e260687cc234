"""What somebody without an account does with a link: a visit changes nothing; buttons ask for a file, a code, or a new link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal import actors, archive_pages, link_cookies, link_limits, link_pages, link_zip
from portal.language import customer_language
from portal.pages import SeeOther
from reports import archive, files, links
from reports.aws.errors import AwsError
from reports.links.remaking import prepare_again
from reports.models import Format, Link, SnapshotFile
from reports.zipping import may_be_zipped
from tenants import log_context
from tenants.models import Tenant
from tenants.scope import tenant_scope

Choose = Callable[[HttpRequest, Link, datetime], list[SnapshotFile]]
HandOut = Callable[[HttpRequest, Link, list[SnapshotFile]], HttpResponseBase]


@login_not_required
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("passcode")
def download(request: HttpRequest, code: str, token: str) -> HttpResponseBase:
    """A program that visits true addresses, as mail scanners do, is not held up; one that tries addresses or presses buttons is."""
    with translation.override(customer_language(request)):
        if request.method != "POST":
            answer = _visit(request, links.tenant_of(code), token)
            return answer or (link_pages.unknown(request) if link_limits.may_go_on(request) else link_pages.too_many(request))
        if not link_limits.may_go_on(request):
            return link_pages.too_many(request)
        act = ACTS.get(request.POST.get("act", ""), _give_file)
        return act(request, links.tenant_of(code), token) or link_pages.unknown(request)


@contextmanager
def _inside(request: HttpRequest, tenant: Tenant, token: str) -> Iterator[Link | None]:
    """The link as it is now, in its tenant's scope, zone and language; None: there is no such link."""
    with tenant_scope(tenant):
        link = links.find(tenant, token)
        if link is None:
            yield None
            return
        log_context.note(tenant=tenant.pk)
        with _for_its_reader(request, link):
            yield link


@contextmanager
def _for_its_reader(request: HttpRequest, link: Link) -> Iterator[None]:
    with timezone.override(link.zone), translation.override(customer_language(request, link)):
        yield


def _visit(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponse | None:
    with _inside(request, tenant, token) as link:
        return link_pages.state_page(request, link, timezone.now()) if link else None


def _give_file(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponseBase | None:
    return _give(request, tenant, token, _chosen, _hand_out)


def _give_all(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponseBase | None:
    """One use, however many files."""
    if not link_zip.ROOM.acquire(blocking=False):
        with _inside(request, tenant, token) as link:
            return link_pages.busy(request, link) if link else None
    response: HttpResponseBase | None = None
    try:
        response = _give(request, tenant, token, _all_of_newest, _hand_out_zip)
        return response
    finally:
        if response is None or not response.streaming:
            link_zip.ROOM.release()


def _give(request: HttpRequest, tenant: Tenant, token: str, choose: Choose, hand_out: HandOut) -> HttpResponseBase | None:
    """Looks for the files in S3 before the use is counted, and outside any transaction."""
    with _inside(request, tenant, token) as link:
        if link is None:
            return None
        now = timezone.now()
        page = link_pages.resting(request, link) or link_pages.ended(request, link, now) or link_pages.locked(request, link)
        if page := page or link_pages.gone(request, link, now):
            return page
        wanted = choose(request, link, now)
        if not wanted:
            return link_pages.ready(request, link, now, ask=True)
    try:
        lost = next((file for file in wanted if not files.is_there(file)), None)
    except AwsError:
        with _for_its_reader(request, link):
            return link_pages.unanswered(request, link)
    return _prepare_again(request, link, lost) if lost else _grant(request, token, link, wanted, hand_out)


def _grant(request: HttpRequest, token: str, link: Link, wanted: list[SnapshotFile], hand_out: HandOut) -> HttpResponseBase:
    """One statement decides and is committed before a URL exists: a link that was revoked meanwhile leads nowhere."""
    repeated = all(link_cookies.had(request, file) for file in wanted)
    visitor, now = actors.visitor(request, link.reference), timezone.now()
    with tenant_scope(link.tenant), _for_its_reader(request, link):
        # S3 was asked meanwhile, which may have taken seconds.
        link.tenant.refresh_from_db(fields=["suspended_at"])
        if page := link_pages.resting(request, link) or link_pages.gone(request, link, now):
            return page
        if not links.redeem(link, wanted, visitor, repeated=repeated, now=now):
            # Somebody took the last use, revoked the link or withdrew the report after they were read.
            changed = links.find(link.tenant, token)
            return link_pages.state_page(request, changed, now) if changed else link_pages.unknown(request)
    response = link_pages.hidden(hand_out(request, link, wanted))
    for file in wanted if not repeated else ():
        # The ten minutes count from the use that was counted; a new cookie would make them endless.
        link_cookies.note_had(response, request, file)
    return response


def _hand_out(request: HttpRequest, link: Link, wanted: list[SnapshotFile]) -> HttpResponse:
    (file,) = wanted
    return SeeOther(files.presigned_url(file, inline=request.POST.get("view") == "1" and file.format == Format.PDF))


def _hand_out_zip(request: HttpRequest, link: Link, wanted: list[SnapshotFile]) -> HttpResponseBase:
    with _for_its_reader(request, link):
        day = timezone.localtime(wanted[0].created_at)
        return link_zip.answer(wanted, f"{link.job.report.slug}_{day:%Y-%m-%d}.zip")


def _prepare_again(request: HttpRequest, link: Link, file: SnapshotFile) -> HttpResponse:
    now = timezone.now()
    with tenant_scope(link.tenant), _for_its_reader(request, link):
        prepare_again(link, file, actors.visitor(request, link.reference), now=now)
        return link_pages.state_page(request, link, now)


def _answer_code(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponse | None:
    now = timezone.now()
    with _inside(request, tenant, token) as link:
        if link is None:
            return None
        if page := link_pages.resting(request, link) or link_pages.ended(request, link, now):
            return page
    answer, left = links.try_code(link, request.POST.get("passcode", ""), now=now)
    if answer is links.Answer.RIGHT:
        response = link_pages.hidden(SeeOther(request.path))
        link_cookies.unlock(response, request, link)
        return response
    with _inside(request, tenant, token) as link:
        return link_pages.state_page(request, link, now, fault=answer.value, left=left, status=422) if link else None


def _send_code(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponse | None:
    now = timezone.now()
    with _inside(request, tenant, token) as link:
        if link is None:
            return None
        if page := link_pages.resting(request, link):
            return page
        links.ask_for_code(link, now=now)
        return link_pages.state_page(request, link, now, sent=True)


def _ask_for_new_link(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponse | None:
    """The same words whether or not a mail was asked for a moment before."""
    now = timezone.now()
    with _inside(request, tenant, token) as link:
        if link is None:
            return None
        if page := link_pages.resting(request, link):
            return page
        links.ask_for_new_link(link, now=now)
        return link_pages.ended(request, link, now, asked=link.can_be_renewed(now)) or link_pages.state_page(request, link, now)


def _chosen(request: HttpRequest, link: Link, now: datetime) -> list[SnapshotFile]:
    """By its id, which may be left out when there is one file only. None: no such file."""
    offered = {str(file.pk): file for file in links.offered(link, now)}
    wanted = request.POST.get("file", "")
    if not wanted and len(offered) == 1:
        return list(offered.values())
    return [offered[wanted]] if wanted in offered else []


def _all_of_newest(request: HttpRequest, link: Link, now: datetime) -> list[SnapshotFile]:
    found = links.newest(link, now)
    return found if may_be_zipped(found) else []


def _send_reports(request: HttpRequest, tenant: Tenant, token: str) -> HttpResponse | None:
    """The way to all that was sent to the link's address, to that address: also from the page of a link that has ended or was revoked."""
    with _inside(request, tenant, token) as link:
        if link is None:
            return None
        if page := link_pages.resting(request, link):
            return page
        if not link.email:
            return link_pages.state_page(request, link, timezone.now())
        archive.ask(link.tenant, link.email.lower(), language=customer_language(request, link), now=timezone.now())
        return archive_pages.asked(request, link.tenant, links.masked(link.email))


# None: there is no such link.
Act = Callable[[HttpRequest, Tenant, str], HttpResponseBase | None]
# By the value of the button that was pressed.
ACTS: dict[str, Act] = {
    "all": _give_all,
    "open": _answer_code,
    "send-code": _send_code,
    "new-link": _ask_for_new_link,
    "reports": _send_reports,
}
