"""How long a company's files are kept, as platform staff see and set it; its legal hold; and the record of who was erased."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.pages import SeeOther
from portal.reauthentication import recently_authenticated
from portal.requests import StaffRequest
from portal.retention_forms import DaysForm, HoldForm
from portal.staff_pages import staff_page
from reports import legal_hold, retention, tasks
from reports.models import Erasure
from tenants.models import Tenant
from tenants.scope import staff_scope, tenant_scope

SHOWN = 50


@recently_authenticated
@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("retention.manage", scoped=False)
def tenant(request: StaffRequest, tenant: str) -> HttpResponse:
    """POST with `act`: days, hold or release. Files are the company's, so they are counted inside it."""
    with staff_scope(request.user):
        found = get_object_or_404(Tenant, slug=tenant)
    posted = request.POST if request.method == "POST" else None
    act = request.POST.get("act", "") if posted else ""
    days = DaysForm(found.retention_days, posted if act == "days" else None)
    hold = HoldForm(posted if act in ("hold", "release") else None)
    for form, wanted in ((days, act == "days"), (hold, act in ("hold", "release"))):
        if wanted and form.is_valid():
            _act(request, found, act, form.cleaned_data)
            return SeeOther(reverse("staff_retention", args=[found.slug]))
    is_wrong = bool(days.errors or hold.errors)
    return render(request, "staff/retention.html", _facts(found) | {"days": days, "hold": hold}, status=422 if is_wrong else 200)


def _act(request: StaffRequest, tenant: Tenant, act: str, given: dict[str, Any]) -> None:
    actor, now, because = actors.member(request), timezone.now(), given["because"]
    with staff_scope(request.user):
        match act:
            case "days":
                changed = retention.set_days(tenant, given["retention_days"], actor, because, now=now)
                told = _("Saved. It counts at once for every file; in S3's own rules for new files only.")
            case "hold":
                changed = legal_hold.begin(tenant, actor, because, now=now)
                told = _("The legal hold has begun. Nothing more is removed; files are being moved out of the lifecycle's reach.")
            case _:
                changed = legal_hold.release(tenant, actor, because, now=now)
                told = _("Released. What is past its days is removed within a quarter of an hour.")
    if changed and act == "hold":
        tasks.send_move_held()
    messages.success(request, told if changed else _("Nothing was changed."))


def _facts(tenant: Tenant) -> dict[str, Any]:
    with tenant_scope(tenant):
        return {
            "tenant": tenant,
            "kept": legal_hold.kept(tenant, timezone.now()),
            "erasures": list(Erasure.objects.filter(tenant=tenant).order_by("-at")[:SHOWN]),
        }
