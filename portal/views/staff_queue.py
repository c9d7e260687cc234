"""The queue as platform staff see it: accounts with their slots, whose jobs wait, and what does not go on."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal import filters, queue_rows
from portal.live import Live, plain_query
from portal.requests import StaffRequest
from portal.staff_pages import staff_page

BUSY, PAUSED, ALL = "", "paused", "all"
STATES = ((BUSY, _("With jobs")), (PAUSED, _("Paused")), (ALL, _("All")))
SIZE = 50
SECONDS = 5


@require_safe
@vary_on_headers("HX-Request")
@staff_page("queue.view")
def queue(request: StaffRequest) -> HttpResponse:
    """All of it but the search is live."""
    query = plain_query(request)
    search = filters.read(query, STATES)
    accounts = list(queue_rows.accounts())
    pauses, alarms = list(queue_rows.pauses()[: SIZE + 1]), list(queue_rows.alarms()[: SIZE + 1])
    rows = list(queue_rows.beyond(_matching(search), query.get("after", ""))[: SIZE + 1])
    tenants, more = rows[:SIZE], _more(query, rows)
    drawn = [queue_rows.drawn_account(account) for account in accounts], [queue_rows.drawn_tenant(tenant) for tenant in tenants]
    stopped = [(pause.pk, pause.probe_at) for pause in pauses], [(alarm.pk, alarm.count) for alarm in alarms]
    live = Live(request, drawn, stopped, more, timezone.localdate(), seconds=SECONDS)
    if live.unchanged:
        return HttpResponse(status=204)
    context = {
        "live": live,
        "accounts": accounts,
        "tenants": tenants,
        "more": more,
        "is_first": not query.get("after"),
        "size": SIZE,
        "pauses": pauses[:SIZE],
        "more_pauses": len(pauses) > SIZE,
        "alarms": alarms[:SIZE],
        "more_alarms": len(alarms) > SIZE,
        "states": filters.states_row(query, STATES, search.status, {}),
        "filters": search,
    }
    return render(request, "staff/queue_news.html" if live.asked else "staff/queue.html", context)


def _matching(search: filters.Filters) -> QuerySet[Any]:
    found = queue_rows.tenants()
    if search.query:
        # Whoever is looked for by name is found, whatever waits.
        found = found.filter(Q(name__icontains=search.query) | Q(slug__icontains=search.query))
    if search.status == PAUSED:
        return found.filter(paused_since__isnull=False)
    return found if search.status == ALL or search.query else queue_rows.busy(found)


def _more(query: QueryDict, rows: list[Any]) -> str:
    """The address of the next page, empty at the end."""
    if len(rows) <= SIZE:
        return ""
    changed = query.copy()
    changed["after"] = queue_rows.key_of(rows[SIZE - 1])
    return changed.urlencode()
