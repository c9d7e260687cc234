"""How full an account is, now and over the last 24 hours, and who waits: the first page of platform staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from portal import capacity_rows, queue_rows
from portal.capacity_chart import chart
from portal.live import Live, plain_query
from portal.requests import StaffRequest
from portal.staff_pages import staff_page

SECONDS = 5
HOUR = timedelta(hours=1)


@require_safe
@vary_on_headers("HX-Request")
@staff_page("capacity.view")
def capacity(request: StaffRequest) -> HttpResponse:
    """`?account=` by its name; without one the first. All of it but the choice is live."""
    now = timezone.now()
    accounts = list(queue_rows.accounts())
    account = _chosen(accounts, plain_query(request).get("account", ""))
    facts: dict[str, Any] = {"day": [], "today": None, "waiting": []}
    if account:
        facts = {
            "day": capacity_rows.day(account, now),
            "today": capacity_rows.today(account, now),
            "waiting": capacity_rows.waiting(account),
        }
    live = Live(request, account and queue_rows.drawn_account(account), facts, seconds=SECONDS)
    if live.unchanged:
        return HttpResponse(status=204)
    context = facts | {"live": live, "accounts": accounts, "account": account, "chart": chart(facts["day"], now)}
    if account and not live.asked:
        context["hours"] = capacity_rows.day(account, now, HOUR)
    return render(request, "staff/_capacity.html" if live.asked else "staff/capacity.html", context)


def _chosen(accounts: list[Any], name: str) -> Any:
    """Raises Http404 for a name that none has. None: there is no account."""
    if not name:
        return accounts[0] if accounts else None
    for account in accounts:
        if account.name == name:
            return account
    raise Http404("no such account")
