"""What people do with the schedules that they selected in the list; each can be undone."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from datetime import datetime

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
from reports.schedules import several
from reports.selected import Outcome
from reports.undoing import Act
from tenants.audit import Actor
from tenants.models import Tenant

Doing = Callable[[Tenant, Collection[uuid.UUID], Actor, datetime], Outcome]
Words = Callable[[int], str]


@require_POST
@tenant_page("schedules.manage")
def pause(request: TenantRequest) -> HttpResponse:
    return _done(request, several.pause, Act.SCHEDULES_PAUSED, lambda n: ngettext("%(n)d schedule paused", "%(n)d schedules paused", n))


@require_POST
@tenant_page("schedules.manage")
def resume(request: TenantRequest) -> HttpResponse:
    return _done(request, several.resume, Act.SCHEDULES_RESUMED, lambda n: ngettext("%(n)d schedule resumed", "%(n)d schedules resumed", n))


@require_POST
@tenant_page("schedules.manage")
def remove(request: TenantRequest) -> HttpResponse:
    return _done(request, several.retire, Act.SCHEDULES_REMOVED, lambda n: ngettext("%(n)d schedule removed", "%(n)d schedules removed", n))


def _done(request: TenantRequest, do: Doing, act: str, words: Words) -> HttpResponse:
    if wanted := selected.read(request):
        now, actor = timezone.now(), actors.member(request)
        outcome = do(request.tenant, wanted.ids, actor, now)
        token = undoing.remember(request.tenant, actor, act, outcome.rows, now)
        selected.tell(request, words(outcome.done) % {"n": outcome.done}, outcome, selected.undo_tag(request, "schedules_undo", token))
    return SeeOther(way_back(request, reverse("schedules", args=[request.tenant.slug])))
