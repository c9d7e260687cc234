"""The pages around an archive, one for each state. Those that anybody may see name no company."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.brand_style import version_of
from portal.link_pages import hidden
from reports import links
from reports.models import ArchiveVisit
from tenants.models import Tenant


def ask(request: HttpRequest, *, fault: str = "", typed: str = "") -> HttpResponse:
    """For an address. The same for every company, and for none."""
    return hidden(render(request, "link/archive_ask.html", {"fault": fault, "typed": typed}, status=422 if fault else 200))


def asked(request: HttpRequest, tenant: Tenant | None = None, address: str = "") -> HttpResponse:
    """The same words whether anything was sent there or not. `address`: masked, of the link where it was asked for."""
    template = "link/archive_asked.html" if tenant else "link/archive_asked_by_address.html"
    return _page(request, template, tenant, address=address)


def way_in(request: HttpRequest, visit: ArchiveVisit, *, is_fresh: bool) -> HttpResponse:
    template = "link/archive_way_in.html" if is_fresh else "link/archive_used.html"
    return _page(request, template, visit.tenant, 200 if is_fresh else 404, visit=visit, address=links.masked(visit.email))


def resting(request: HttpRequest, tenant: Tenant) -> HttpResponse:
    return _page(request, "link/archive_resting.html", tenant, 403)


def shown(request: HttpRequest, visit: ArchiveVisit, **context: Any) -> HttpResponse:
    return _page(request, "link/archive.html", visit.tenant, visit=visit, **context)


def _page(request: HttpRequest, template: str, tenant: Tenant | None, status: int = 200, **context: Any) -> HttpResponse:
    about = {"tenant": tenant, "style": version_of(tenant.brand_color)} if tenant else {}
    return hidden(render(request, template, about | context, status=status))
