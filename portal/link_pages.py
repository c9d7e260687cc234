"""The pages of a link, one for each state. Drawn in the tenant's scope, zone and language."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from portal import link_cookies
from portal.brand_style import version_of
from portal.job_rows import for_pages, with_pace
from reports import links
from reports.links.remaking import is_gone, remake_of
from reports.models import Link, Protection, SnapshotJob
from reports.zipping import may_be_zipped

Answer = TypeVar("Answer", bound=HttpResponseBase)
LOOK_AGAIN_SECONDS = 20
ENDED = {
    Link.Status.REVOKED: "link/revoked.html",
    Link.Status.EXPIRED: "link/expired.html",
    Link.Status.USED_UP: "link/used_up.html",
}


def state_page(request: HttpRequest, link: Link, now: datetime, **told: Any) -> HttpResponse:
    """What a visit shows. `told`: what became of a form; see the templates."""
    return (
        resting(request, link)
        or ended(request, link, now)
        or locked(request, link, **told)
        or not_there(request, link, now)
        or ready(request, link, now)
    )


def ended(request: HttpRequest, link: Link, now: datetime, **told: Any) -> HttpResponse | None:
    """None while it opens anything: to a browser that just got a file also after the last use, because it may have that once more."""
    state = link.status(now)
    if state == Link.Status.USED_UP and any(link_cookies.had(request, file) for file in links.offered(link, now)):
        return None
    if link.is_locked and state != Link.Status.REVOKED:
        return _page(request, "link/locked.html", link, 404)
    if state not in ENDED:
        return None
    may_ask = link.can_be_renewed(now) and bool(links.offered(link, now))
    return _page(request, ENDED[state], link, 404, may_ask=may_ask, **told)


def resting(request: HttpRequest, link: Link) -> HttpResponse | None:
    """None unless its company is suspended: then it opens nothing and counts nothing, and why is not the customer's business."""
    return _page(request, "link/resting.html", link, 403) if link.tenant.suspended_at else None


def locked(request: HttpRequest, link: Link, **told: Any) -> HttpResponse | None:
    """What it asks for; None in a browser that has answered. `told`: fault, left, sent; `status` is the answer's."""
    if link_cookies.is_unlocked(request, link):
        return None
    template = "link/code.html" if link.protection == Protection.MAILED_CODE else "link/passcode.html"
    return _page(request, template, link, told.pop("status", 200), **told)


def not_there(request: HttpRequest, link: Link, now: datetime) -> HttpResponse | None:
    """None while its files are kept and were not missed."""
    return gone(request, link, now) or preparing(request, link, now)


def gone(request: HttpRequest, link: Link, now: datetime) -> HttpResponse | None:
    """None while any of its files is kept and not withdrawn, or being made again."""
    if links.is_withdrawn(link):
        return _page(request, "link/withdrawn.html", link, 410)
    return _page(request, "link/gone.html", link, 410) if is_gone(link, now) else None


def preparing(request: HttpRequest, link: Link, now: datetime) -> HttpResponse | None:
    """None unless its files were missed. The browser looks again by itself while they are being made."""
    remake = remake_of(link.job) or (remake_of(link.superseded_by) if link.superseded_by else None)
    if remake is None or remake.status == SnapshotJob.Status.COMPLETED:
        return None
    (job,) = with_pace(link.tenant, for_pages(SnapshotJob.objects.for_tenant(link.tenant).filter(pk=remake.pk)), now)
    if job.has_ended:
        return _page(request, "link/not_prepared.html", link, 503)
    response = _page(request, "link/preparing.html", link, 503, job=job)
    response["Refresh"] = response["Retry-After"] = str(LOOK_AGAIN_SECONDS)
    return response


def ready(request: HttpRequest, link: Link, now: datetime, *, ask: bool = False) -> HttpResponse:
    """`ask`: a file has to be named."""
    template = "link/superseded.html" if link.status(now) == Link.Status.SUPERSEDED else "link/download.html"
    old, new = links.versions(link)
    files = links.offered(link, now)
    newer, older = ([file for file in files if file.job_id == job_id] for job_id in (link.superseded_by_id, link.job_id))
    zipped = links.newest(link, now)
    told = {"zipped": zipped if may_be_zipped(zipped) else [], "newer": newer, "older": older}
    return _page(request, template, link, 422 if ask else 200, ask=ask, old=old, new=new, **told)


def unanswered(request: HttpRequest, link: Link) -> HttpResponse:
    """The file store is silent or refuses us; nothing is known about the file."""
    response = _page(request, "link/unanswered.html", link, 503)
    response["Retry-After"] = str(LOOK_AGAIN_SECONDS)
    return response


def busy(request: HttpRequest, link: Link) -> HttpResponse:
    """As many ZIPs are being sent as may be at once."""
    response = _page(request, "link/busy.html", link, 503)
    response["Retry-After"] = str(LOOK_AGAIN_SECONDS)
    return response


def unknown(request: HttpRequest) -> HttpResponse:
    return hidden(render(request, "link/unknown.html", status=404))


def too_many(request: HttpRequest) -> HttpResponse:
    response = hidden(render(request, "link/too_many.html", status=429))
    response["Retry-After"] = "60"
    return response


def hidden(response: Answer) -> Answer:
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response


def _page(request: HttpRequest, template: str, link: Link, status: int, **context: Any) -> HttpResponse:
    about = {"tenant": link.tenant, "link": link, "address": links.masked(link.email), "style": version_of(link.tenant.brand_color)}
    return hidden(render(request, template, about | context, status=status))
