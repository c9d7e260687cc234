"""Where a mail's "Stop these emails" leads: a visit changes nothing, a button stops them, another one starts them again. No sign-in."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.brand_style import version_of
from reports import links
from reports.delivery import unsubscribing
from reports.models import Suppression
from tenants import log_context
from tenants.scope import tenant_scope

# RFC 8058: what a mail program posts for its own button. It has been to no page of ours and has no token of a form.
ONE_CLICK = ("List-Unsubscribe", "One-Click")


@csrf_exempt
@login_not_required
@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, code: str, token: str) -> HttpResponse:
    name, value = ONE_CLICK
    if request.method == "POST" and request.POST.get(name) == value:
        return _answer(request, code, token, act="stop")
    return _by_hand(request, code, token)


@csrf_protect
def _by_hand(request: HttpRequest, code: str, token: str) -> HttpResponse:
    return _answer(request, code, token, act=request.POST.get("do", "stop") if request.method == "POST" else "")


def _answer(request: HttpRequest, code: str, token: str, *, act: str) -> HttpResponse:
    tenant = links.tenant_of(code)
    log_context.note(tenant=tenant.pk)
    with tenant_scope(tenant):
        mail = unsubscribing.find(tenant, token)
        if mail is None:
            return _hidden(render(request, "link/unknown.html", status=404))
        actor, now = actors.reader(request), timezone.now()
        if act == "stop":
            unsubscribing.stop(mail, actor, now=now)
        elif act == "start":
            unsubscribing.start_again(mail, actor, now=now)
        if unsubscribing.is_digest(mail):
            return _of_digest(request, mail)
        with translation.override(mail.language):
            stopped = unsubscribing.suppression(mail)
            own = stopped is not None and stopped.reason == Suppression.Reason.UNSUBSCRIBED
            about = {"tenant": mail.tenant, "address": links.masked(mail.address), "style": version_of(mail.tenant.brand_color)}
            context = about | {"stopped": stopped, "may_start": own, "started": act == "start"}
            return _hidden(render(request, "link/unsubscribe.html", context))


def _of_digest(request: HttpRequest, mail: unsubscribing.Mail) -> HttpResponse:
    with translation.override(mail.language):
        context = {"tenant": mail.tenant, "address": links.masked(mail.address), "wants": unsubscribing.wants_digest(mail)}
        return _hidden(render(request, "link/unsubscribe_digest.html", context))


def _hidden(response: HttpResponse) -> HttpResponse:
    response["X-Robots-Tag"] = "noindex"
    response["Cache-Control"] = "no-store"
    return response
