"""What somebody without an account sees who opens a link: the page changes nothing, its button asks for one file."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.pages import SeeOther
from reports import files, links
from reports.models import Format, Link, SnapshotFile
from tenants import log_context
from tenants.scope import tenant_scope

ENDS = {
    Link.Status.REVOKED: "link/revoked.html",
    Link.Status.EXPIRED: "link/expired.html",
    Link.Status.USED_UP: "link/expired.html",
}
SALT = "portal.views.download"


@login_not_required
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def download(request: HttpRequest, code: str, token: str) -> HttpResponse:
    tenant = links.tenant_of(code)
    log_context.note(tenant=tenant.pk)
    with tenant_scope(tenant):
        link = links.find(tenant, token)
        if link is None:
            return _unknown(request)
        with timezone.override(link.tenant.zone):
            if request.method != "POST":
                return _page(request, link)
            file = _chosen(request, link)
            if file is None:
                return _page(request, link, ask=True)
            repeated = _had(request, file)
            if not links.redeem(link, file, actors.visitor(request, link.reference), repeated=repeated, now=timezone.now()):
                link.refresh_from_db()
                return _page(request, link)
    return _granted(request, file, repeated)


def _page(request: HttpRequest, link: Link, *, ask: bool = False) -> HttpResponse:
    """A file may be had once more in a browser that just got it, even if that was the last use: the page stays the working one."""
    state = link.status(timezone.now())
    offered = list(link.job.files.all())
    if state == Link.Status.USED_UP and any(_had(request, file) for file in offered):
        state = Link.Status.ACTIVE
    context = {"tenant": link.tenant, "link": link, "files": offered, "used_up": state == Link.Status.USED_UP, "ask": ask}
    status = 404 if state in ENDS else 422 if ask else 200
    return _hidden(render(request, ENDS.get(state, "link/download.html"), context, status=status))


def _chosen(request: HttpRequest, link: Link) -> SnapshotFile | None:
    """By its id, which may be left out when there is one file only."""
    offered = {str(file.pk): file for file in link.job.files.all()}
    wanted = request.POST.get("file", "")
    if not wanted and len(offered) == 1:
        return next(iter(offered.values()))
    return offered.get(wanted)


def _granted(request: HttpRequest, file: SnapshotFile, repeated: bool) -> HttpResponse:
    inline = request.POST.get("view") == "1" and file.format == Format.PDF
    response = _hidden(SeeOther(files.presigned_url(file, inline=inline)))
    if repeated:
        # The ten minutes count from the use that was counted; a new cookie would make them endless.
        return response
    response.set_signed_cookie(
        _cookie(file),
        "1",
        salt=SALT + request.path,
        max_age=links.REPEAT_WITHIN,
        path=request.path,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return response


def _had(request: HttpRequest, file: SnapshotFile) -> bool:
    """Whether this browser got this file by this link a moment ago. Signed, so it cannot be made up or lent to another link."""
    age: timedelta = links.REPEAT_WITHIN
    return request.get_signed_cookie(_cookie(file), default=None, salt=SALT + request.path, max_age=age) is not None


def _cookie(file: SnapshotFile) -> str:
    return f"had-{file.pk.hex}"


def _unknown(request: HttpRequest) -> HttpResponse:
    return _hidden(render(request, "link/unknown.html", status=404))


def _hidden(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response
