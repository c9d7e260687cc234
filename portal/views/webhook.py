"""One webhook: where it stands, its log, and what can be done with it at once."""

from __future__ import annotations

import json
import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal import actors, filters
from portal.pages import SeeOther, enters_itself, inside, tenant_page
from portal.paging import page_of
from portal.requests import TenantRequest
from portal.views.webhooks import MANAGE, back, find
from portal.webhook_forms import ReplayForm
from portal.webhook_words import tested
from reports.models import Webhook, WebhookDelivery
from reports.models.webhooks import WebhookDeliveryQuerySet
from reports.refused import Refused
from reports.webhooks import changing, log, pinging, replaying
from reports.webhooks.retries import MOST_TRIES

Status = WebhookDelivery.Status
OPEN, DEAD, TAKEN = "open", "dead", "taken"
STATES = (
    ("", gettext_lazy("All")),
    (OPEN, gettext_lazy("Waiting")),
    (DEAD, Status.DEAD.label),
    (TAKEN, Status.SUCCEEDED.label),
)
STATUSES = {OPEN: tuple(WebhookDelivery.OPEN), DEAD: (Status.DEAD,), TAKEN: (Status.SUCCEEDED,)}


@require_safe
@tenant_page("webhooks.view")
def webhook(request: TenantRequest, webhook: uuid.UUID) -> HttpResponse:
    found = find(request, webhook)
    told = _log(found)
    status = filters.read(request.GET, STATES).status
    page = page_of(told.filter(status__in=STATUSES[status]) if status else told, request.GET)
    log.with_last_try(page.rows)
    counts = {state: filters.count_of(told.filter(status__in=STATUSES[state])) for state in (OPEN, DEAD)}
    context = {
        "webhook": found,
        "standing": Webhook.objects.for_tenant(request.tenant).with_standing().get(pk=found.pk),
        "page": page,
        "states": filters.states_row(request.GET, STATES, status, counts),
        "is_filtered": bool(status),
        "may_manage": request.may(MANAGE),
        "now": timezone.now(),
    }
    return render(request, "portal/webhook.html", context)


@require_POST
@tenant_page(MANAGE)
def pause(request: TenantRequest, webhook: uuid.UUID) -> HttpResponse:
    found = find(request, webhook)
    if changing.pause(found, actors.member(request), now=timezone.now()):
        messages.success(request, _("Paused. What waits is kept, and goes when you resume it."))
    return back(request, found)


@require_POST
@tenant_page(MANAGE)
def resume(request: TenantRequest, webhook: uuid.UUID) -> HttpResponse:
    found = find(request, webhook)
    if changing.resume(found, actors.member(request), now=timezone.now()):
        messages.success(request, _("Resumed. What waited for it goes now."))
    return back(request, found)


@require_POST
@enters_itself(MANAGE)
def test(request: TenantRequest, slug: str, webhook: uuid.UUID) -> HttpResponse:
    """Outside of the request's scope: the receiver may take its time."""
    with inside(request, slug, MANAGE):
        found = find(request, webhook)
        actor = actors.member(request)
    try:
        tried = pinging.ping(found, actor, timezone.now)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        if tried is not None:
            (messages.error if tried.error else messages.success)(request, tested(tried))
    return SeeOther(reverse("webhook", args=[slug, webhook]))


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page(MANAGE)
def replay(request: TenantRequest, webhook: uuid.UUID) -> HttpResponse:
    found = find(request, webhook)
    form = ReplayForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "portal/webhook_replay.html", {"webhook": found, "form": form}, status=422 if form.errors else 200)
    now = timezone.now()
    count = replaying.replay_since(found, actors.member(request), form.begin(now), now=now)
    messages.success(request, _sent_again(found, count))
    return back(request, found)


@require_safe
@tenant_page("webhooks.view")
def message(request: TenantRequest, webhook: uuid.UUID, message: uuid.UUID) -> HttpResponse:
    """One event to this webhook: each try, and what was sent."""
    found = find(request, webhook)
    told = _find_message(found, message)
    context = {
        "webhook": found,
        "message": told,
        "tries": told.log.filter(tenant=request.tenant).order_by("-at", "-id"),
        "most_tries": MOST_TRIES,
        # Set out for people; what is signed stands in one line.
        "body": json.dumps(json.loads(told.event.body), indent=2, ensure_ascii=False),
        "may_manage": request.may(MANAGE),
    }
    return render(request, "portal/webhook_message.html", context)


@require_POST
@tenant_page(MANAGE)
def message_replay(request: TenantRequest, webhook: uuid.UUID, message: uuid.UUID) -> HttpResponse:
    found = find(request, webhook)
    told = _find_message(found, message)
    if replaying.replay(told, actors.member(request), now=timezone.now()):
        messages.success(request, _sent_again(found, 1))
    else:
        messages.error(request, _("It is on its way just now. Look again in a minute."))
    return SeeOther(reverse("webhook_message", args=[request.tenant.slug, found.pk, told.pk]))


def _log(found: Webhook) -> WebhookDeliveryQuerySet:
    rows = WebhookDelivery.objects.for_tenant(found.tenant).filter(webhook=found)
    return rows.select_related("webhook", "event").defer("event__body")


def _find_message(found: Webhook, pk: uuid.UUID) -> WebhookDelivery:
    rows = WebhookDelivery.objects.for_tenant(found.tenant).filter(webhook=found)
    return get_object_or_404(rows.select_related("webhook", "event"), pk=pk)


def _sent_again(found: Webhook, count: int) -> str:
    if not count:
        return _("Nothing that it asks for happened since then.")
    if found.status != Webhook.Status.ACTIVE:
        return ngettext("%(n)d event goes when you resume it.", "%(n)d events go when you resume it.", count) % {"n": count}
    return ngettext("%(n)d event is sent again now.", "%(n)d events are sent again now.", count) % {"n": count}
