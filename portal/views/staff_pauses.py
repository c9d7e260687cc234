"""Pausing and resuming accounts, reports, companies and email: each on a page that asks first. Who pauses says why."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.pages import SeeOther
from portal.queue_forms import PauseForm
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from reports import pausing
from reports.models import Account, Pause, Report
from reports.refused import Refused
from tenants.models import Tenant

Kind = Pause.Kind


@dataclass(frozen=True)
class Wanted:
    """What to pause or resume. `subject` None: all email. `facts`: what names it in the address."""

    kind: str
    subject: Account | Report | Tenant | None
    title: str
    facts: dict[str, str]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("queue.manage")
def pause(request: StaffRequest) -> HttpResponse:
    """`?kind=` and `?name=` say what."""
    wanted = _wanted(request.POST if request.method == "POST" else request.GET)
    form = PauseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            paused = pausing.pause(wanted.kind, wanted.subject, actors.member(request), form.cleaned_data["because"], timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            told = _("Paused: %(what)s.") if paused else _("Somebody had paused it before: %(what)s.")
            messages.success(request, told % {"what": wanted.title})
            return SeeOther(reverse("staff_queue"))
    context = {"wanted": wanted, "form": form, "pause": _pause_of(wanted)}
    return render(request, "staff/pause.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("queue.manage")
def resume(request: StaffRequest) -> HttpResponse:
    wanted = _wanted(request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        return render(request, "staff/resume.html", {"wanted": wanted, "pause": _pause_of(wanted)})
    try:
        resumed = pausing.resume(wanted.kind, wanted.subject, actors.member(request), timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
        return SeeOther(reverse("staff_queue"))
    told = _("Resumed: %(what)s.") if resumed else _("Somebody had resumed it before: %(what)s.")
    messages.success(request, told % {"what": wanted.title})
    return SeeOther(reverse("staff_queue"))


def _pause_of(wanted: Wanted) -> Pause | None:
    pauses = Pause.objects.select_related("account", "report", "tenant").filter(kind=wanted.kind)
    return next((pause for pause in pauses if (pause.account or pause.report or pause.tenant) == wanted.subject), None)


def _wanted(asked: QueryDict) -> Wanted:
    """Raises Http404 for what is not there."""
    kind, name = asked.get("kind", ""), asked.get("name", "").replace("\0", "")
    facts = {"kind": kind, "name": name}
    if kind == Kind.ACCOUNT:
        account = get_object_or_404(Account, name=name)
        return Wanted(kind, account, account.name, facts)
    if kind == Kind.REPORT:
        report = get_object_or_404(Report, slug=name)
        return Wanted(kind, report, report.name, facts)
    if kind == Kind.DELIVERY and not name:
        return Wanted(kind, None, _("All email"), facts)
    if kind in (Kind.TENANT, Kind.DELIVERY):
        tenant = get_object_or_404(Tenant, slug=name)
        title = tenant.name if kind == Kind.TENANT else _("Email of %(company)s") % {"company": tenant.name}
        return Wanted(kind, tenant, title, facts)
    raise Http404("nothing of this kind is paused")
