"""What people do with the jobs that they selected in the list."""

from __future__ import annotations

from collections.abc import Callable

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


@require_POST
@tenant_page("jobs.retry")
def retry(request: TenantRequest) -> HttpResponse:
    def act(wanted: Selected) -> Outcome:
        return domain.retry(request.tenant, wanted.ids, actors.member(request), wanted.form_key, timezone.now())

    return _done(request, act, lambda n: ngettext("%(n)d retried", "%(n)d retried", n))


@require_POST
@tenant_page("jobs.cancel")
def cancel(request: TenantRequest) -> HttpResponse:
    def act(wanted: Selected) -> Outcome:
        return domain.cancel(request.tenant, wanted.ids, actors.member(request), timezone.now())

    return _done(request, act, lambda n: ngettext("%(n)d cancelled", "%(n)d cancelled", n))


@require_POST
@tenant_page("jobs.retry")
def send_again(request: TenantRequest) -> HttpResponse:
    def act(wanted: Selected) -> Outcome:
        return domain.send_again(request.tenant, wanted.ids, actors.member(request), timezone.now())

    return _done(request, act, lambda n: ngettext("%(n)d sent again", "%(n)d sent again", n))


def _done(request: TenantRequest, act: Callable[[Selected], Outcome], words: Callable[[int], str]) -> HttpResponse:
    if wanted := selected.read(request):
        outcome = act(wanted)
        selected.tell(request, words(outcome.done) % {"n": outcome.done}, outcome)
    return SeeOther(way_back(request, reverse("jobs", args=[request.tenant.slug])))
