"""Taking back what one did a moment ago, by the button of the note that told of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal import actors, selected
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from portal.way_back import way_back
from reports import undoing
from reports.refused import Refused
from reports.undoing import Act

OF_SCHEDULES = frozenset({Act.SCHEDULES_PAUSED, Act.SCHEDULES_RESUMED, Act.SCHEDULES_REMOVED})
OF_RECIPIENTS = frozenset({Act.RECIPIENTS_REMOVED})


@require_POST
@tenant_page("schedules.manage")
def schedules(request: TenantRequest) -> HttpResponse:
    return _undo(request, OF_SCHEDULES, "schedules")


@require_POST
@tenant_page("recipients.manage")
def recipients(request: TenantRequest) -> HttpResponse:
    return _undo(request, OF_RECIPIENTS, "recipients")


def _undo(request: TenantRequest, acts: frozenset[Act], name: str) -> HttpResponse:
    back = SeeOther(way_back(request, reverse(name, args=[request.tenant.slug])))
    token = request.POST.get("token", "")
    try:
        act, outcome = undoing.undo(request.tenant, actors.member(request), token, frozenset(acts), timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
        return back
    selected.tell(request, _words(act, outcome.done) % {"n": outcome.done}, outcome)
    return back


def _words(act: str, n: int) -> str:
    match act:
        case Act.SCHEDULES_PAUSED:
            return ngettext("Undone: %(n)d schedule is on again", "Undone: %(n)d schedules are on again", n)
        case Act.SCHEDULES_RESUMED:
            return ngettext("Undone: %(n)d schedule is paused again", "Undone: %(n)d schedules are paused again", n)
        case Act.SCHEDULES_REMOVED:
            return ngettext("Undone: %(n)d schedule is back", "Undone: %(n)d schedules are back", n)
        case _:
            return ngettext("Undone: %(n)d person is back", "Undone: %(n)d people are back", n)
