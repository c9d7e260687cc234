"""The audit log: who did what for a company, and for the platform what belongs to no company."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from portal import actors
from portal.audit_people import name_people
from portal.csv_answers import as_csv
from portal.pages import tenant_page
from portal.paging import Page, page_of
from portal.requests import StaffRequest, TenantRequest
from portal.staff_pages import staff_page
from tenants import audit_actions
from tenants.audit import record
from tenants.models import AuditEvent

PERIODS = {
    "7": gettext_lazy("Last 7 days"),
    "30": gettext_lazy("Last 30 days"),
    "90": gettext_lazy("Last 90 days"),
    "": gettext_lazy("All"),
}
USUAL_DAYS = "30"
MOST_EXPORTED = 20_000
MAX_TEXT = 254


@dataclass(frozen=True)
class Wanted:
    """What the log is narrowed to; the address says all of it. Unknown values count as none."""

    group: str
    days: str
    who: str
    about: str

    @property
    def narrow(self) -> bool:
        return bool(self.group or self.who or self.about)

    def of(self, rows: QuerySet[AuditEvent], now: datetime) -> QuerySet[AuditEvent]:
        if self.days:
            rows = rows.filter(at__gt=now - timedelta(days=int(self.days)))
        if self.group:
            rows = rows.filter(action__in=audit_actions.names(self.group))
        if self.who:
            rows = _by(rows, self.who)
        if self.about:
            rows = rows.filter(object_id=self.about)
        return rows


@require_safe
@tenant_page("audit.view")
def audit(request: TenantRequest) -> HttpResponse:
    wanted = _read(request.GET)
    page = page_of(wanted.of(_of_company(request), timezone.now()), request.GET, by="at")
    name_people(request.tenant, page.rows)
    return render(request, "portal/audit.html", _context(request, wanted, page))


@require_safe
@tenant_page("audit.view")
def export(request: TenantRequest) -> HttpResponse:
    """What the list shows, without its pages, as a table for a spreadsheet. People by their ids: the table outlives an erasure."""
    now, wanted = timezone.now(), _read(request.GET)
    rows = list(wanted.of(_of_company(request), now).order_by("-at", "-id")[: MOST_EXPORTED + 1])
    record(actors.member(request), "audit.exported", now=now, tenant=request.tenant, after={"lines": min(len(rows), MOST_EXPORTED)})
    return _table(f"{request.tenant.slug}_audit_{timezone.localtime(now):%Y-%m-%d}.csv", rows)


@require_safe
@staff_page("audit.view_all")
def of_staff(request: StaffRequest) -> HttpResponse:
    """Rows of no company: staff's scope reads no others."""
    wanted = _read(request.GET)
    page = page_of(wanted.of(AuditEvent.objects.filter(tenant=None), timezone.now()), request.GET, by="at")
    return render(request, "staff/audit.html", _context(request, wanted, page))


def _of_company(request: TenantRequest) -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(tenant=request.tenant)


def _context(request: HttpRequest, wanted: Wanted, page: Page) -> dict[str, Any]:
    return {
        "page": page,
        "days": _by_day(page.rows),
        "wanted": wanted,
        "groups": audit_actions.GROUPS.items(),
        "periods": PERIODS.items(),
        "query": request.GET.urlencode(),
    }


def _read(query: QueryDict) -> Wanted:
    def text(name: str) -> str:
        return query.get(name, "").replace("\0", "").strip()[:MAX_TEXT]

    group, days = text("group"), query.get("days", USUAL_DAYS)
    return Wanted(group if group in audit_actions.GROUPS else "", days if days in PERIODS else USUAL_DAYS, text("who"), text("about"))


def _by(rows: QuerySet[AuditEvent], who: str) -> QuerySet[AuditEvent]:
    """Either condition has its index. Both at once would read a company's whole log for somebody who is seldom in it."""
    own, behind = rows.filter(actor=who), rows.filter(impersonator=who)
    if not behind.exists():
        return own
    return own | behind if own.exists() else behind


def _by_day(rows: list[AuditEvent]) -> list[tuple[datetime, list[AuditEvent]]]:
    """In the order of the list, under the day of the reader's zone."""
    days: list[tuple[datetime, list[AuditEvent]]] = []
    for row in rows:
        if not days or timezone.localdate(days[-1][0]) != timezone.localdate(row.at):
            days.append((row.at, []))
        days[-1][1].append(row)
    return days


def _table(name: str, rows: list[AuditEvent]) -> HttpResponse:
    heads = [_("When"), _("What"), _("Action"), _("Who"), _("Behind it"), _("About"), _("Id"), _("Before"), _("After")]
    lines = [_cells(row) for row in rows[:MOST_EXPORTED]]
    if len(rows) > MOST_EXPORTED:
        lines.append([_("Only the newest %(most)d lines are here. Choose a shorter time for the others.") % {"most": MOST_EXPORTED}])
    return as_csv(name, [*heads, _("From"), _("Request")], lines)


def _cells(row: AuditEvent) -> list[str]:
    at, what = timezone.localtime(row.at).isoformat(timespec="seconds"), audit_actions.words(row.action)
    about = (row.object_type, row.object_id, _json(row.before), _json(row.after))
    return [at, what, row.action, row.actor, row.impersonator, *about, row.ip or "", row.request_id]


def _json(values: dict[str, Any] | None) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True) if values else ""
