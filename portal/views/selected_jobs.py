"""What people do with the jobs that they selected in the list."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from portal import actors, selected
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from portal.selected import Selected
from portal.way_back import way_back
from reports import selected_jobs as domain
from reports.selected import Outcome
from tenants.audit import Actor
from tenants.models import Tenant

Doing = Callable[[Tenant, Selected, Actor, datetime], Outcome]


@require_POST
@tenant_page("jobs.retry")
def retry(request: TenantRequest) -> HttpResponse:
    def act(tenant: Tenant, wanted: Selected, actor: Actor, now: datetime) -> Outcome:
        return domain.retry(tenant, wanted.ids, actor, wanted.form_key, now)

    return _done(request, act, lambda n: ngettext("%(n)d retried", "%(n)d retried", n))


@require_POST
@tenant_page("jobs.cancel")
def cancel(request: TenantRequest) -> HttpResponse:
    return _done(request, _to_ids(domain.cancel), lambda n: ngettext("%(n)d cancelled", "%(n)d cancelled", n))


@require_POST
@tenant_page("jobs.retry")
def send_again(request: TenantRequest) -> HttpResponse:
    return _done(request, _to_ids(domain.send_again), lambda n: ngettext("%(n)d sent again", "%(n)d sent again", n))


def _to_ids(act: Callable[[Tenant, list[uuid.UUID], Actor, datetime], Outcome]) -> Doing:
    """Twice does no harm, so that the form needs no key."""
    return lambda tenant, wanted, actor, now: act(tenant, wanted.ids, actor, now)


def _done(request: TenantRequest, act: Doing, words: Callable[[int], str]) -> HttpResponse:
    if wanted := selected.read(request):
        outcome = act(request.tenant, wanted, actors.member(request), timezone.now())
        selected.tell(request, words(outcome.done) % {"n": outcome.done}, outcome)
    return SeeOther(way_back(request, reverse("jobs", args=[request.tenant.slug])))
