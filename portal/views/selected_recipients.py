"""Removing the people whom somebody selected in the list of recipients. It can be undone, so it asks nothing, and revokes no link."""

from __future__ import annotations

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
from reports.address_book import several
from reports.undoing import Act


@require_POST
@tenant_page("recipients.manage")
def remove(request: TenantRequest) -> HttpResponse:
    if wanted := selected.read(request):
        now, actor = timezone.now(), actors.member(request)
        outcome, _revoked = several.remove(request.tenant, wanted.ids, actor, now)
        told = ngettext("%(n)d person removed", "%(n)d people removed", outcome.done) % {"n": outcome.done}
        token = undoing.remember(request.tenant, actor, Act.RECIPIENTS_REMOVED, outcome.rows, now)
        selected.tell(request, told, outcome, selected.undo_tag(request, "recipients_undo", token))
    return SeeOther(way_back(request, reverse("recipients", args=[request.tenant.slug])))
