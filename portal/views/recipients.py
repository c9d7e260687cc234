"""The people who get reports without an account, those to whom nothing is sent, and all of them as a list for a spreadsheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal import actors, filters
from portal.pages import tenant_page
from portal.paging import page_by
from portal.requests import TenantRequest
from reports.address_book import listing, lists
from reports.models import Suppression
from reports.models.audiences import RecipientQuerySet
from tenants.audit import record
from tenants.models import Tenant

BOUNCED, STOPPED = "bounced", "stopped"
REASONS = {BOUNCED: (Suppression.Reason.BOUNCED,), STOPPED: listing.STOPPED}
TABS = {
    "people": (_("People"), "recipients"),
    "groups": (_("Groups"), "recipient_groups"),
    BOUNCED: (_("Bounced"), "recipients_bounced"),
    STOPPED: (_("Stopped emails"), "recipients_stopped"),
}


@dataclass(frozen=True)
class Search:
    """What the list of people is narrowed to: `group` is an id, `report` a slug, and `words` says it all."""

    query: str
    group: str
    report: str
    words: str

    @property
    def narrow(self) -> bool:
        return bool(self.query or self.group or self.report)

    def found(self, tenant: Tenant) -> RecipientQuerySet:
        return listing.matching(tenant, query=self.query, group=self.group, report=self.report)


@require_safe
@tenant_page("recipients.view")
def recipients(request: TenantRequest) -> HttpResponse:
    groups, reports = listing.choices(request.tenant)
    search = _search(request.GET, groups, reports)
    page = page_by(listing.with_facts(search.found(request.tenant)), request.GET, "email")
    gets = listing.gets_of_people(request.tenant, page.rows)
    context = {
        "tabs": tabs(request, "people"),
        "page": page,
        "people": [(person, gets.get(person.pk, [])) for person in page.rows],
        "filters": search,
        "is_filtered": search.narrow,
        "groups": groups,
        "reports": reports,
        "may_manage": request.may("recipients.manage"),
        "selecting": request.may("recipients.manage"),
        "may_erase": request.may("recipients.erase"),
    }
    return render(request, "portal/recipients.html", context)


@require_safe
@tenant_page("recipients.view")
def stopped(request: TenantRequest, kind: str) -> HttpResponse:
    """Addresses rather than people: they stay so when the person is removed."""
    page = page_by(listing.stopped(request.tenant, REASONS[kind]), request.GET, "email")
    context = {
        "tabs": tabs(request, kind),
        "kind": kind,
        "page": page,
        "may_manage": request.may("recipients.manage"),
    }
    return render(request, "portal/recipients_stopped.html", context)


@require_safe
@tenant_page("recipients.view")
def export(request: TenantRequest) -> HttpResponse:
    """The list as it is filtered, as an upload takes it back."""
    search = _search(request.GET, *listing.choices(request.tenant))
    people = listing.with_groups(search.found(request.tenant)).order_by("email")
    record(actors.member(request), "recipients.exported", now=timezone.now(), tenant=request.tenant, after={"lines": people.count()})
    lines = (lists.Line(0, person.email, person.name, tuple(person.group_names), person.language) for person in people.iterator())
    name = f"recipients-{request.tenant.slug}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(lists.BOM + lists.write(lines), content_type="text/csv; charset=utf-8", headers=headers)


def tabs(request: TenantRequest, current: str) -> list[dict[str, Any]]:
    """The row above every list of the address book; counts are bounded."""
    counts = listing.counts(request.tenant)
    return [
        {"word": word, "url": reverse(name, args=[request.tenant.slug]), "current": kind == current, "count": _number(counts[kind])}
        for kind, (word, name) in TABS.items()
    ]


def _number(count: int) -> str:
    return f"{filters.COUNTED_UP_TO}+" if count > filters.COUNTED_UP_TO else str(count or "")


def _search(query: QueryDict, groups: dict[str, str], reports: dict[str, str]) -> Search:
    """A group or a report that is not there narrows nothing: the fields above the list show what is in force."""
    words = query.get("q", "").replace("\0", "").strip()[: filters.MAX_SEARCH]
    group, report = query.get("group", ""), query.get("report", "")
    said = [f"“{words}”" if words else "", groups.get(group, ""), reports.get(report, "")]
    told = ", ".join(word for word in said if word)
    return Search(words, group if group in groups else "", report if report in reports else "", told)
