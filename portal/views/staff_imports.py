"""Importing a dashboard: the drafts, and one draft from its dashboard to the catalogue. Nothing here calls QuickSight: the worker does."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models.functions import Now
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django.views.decorators.vary import vary_on_headers

from portal.catalogue_import.form import ImportForm, turn_of
from portal.catalogue_import.steps import dashboards_page, steps
from portal.pages import SeeOther
from portal.requests import StaffRequest
from portal.staff_pages import staff_page
from reports import tasks
from reports.importing import asking
from reports.models import Account, CatalogueImport, Heartbeat
from reports.refused import Refused
from tenants.models import User

# The work queue is given a task each minute; two missed ones are not chance.
HEARTBEAT_LATE = timedelta(minutes=2)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("catalogue.import")
def begin(request: StaffRequest) -> HttpResponse:
    # An account without slots is retired.
    accounts = Account.objects.filter(slots__gt=0).order_by("name")
    if request.method == "POST":
        account = get_object_or_404(accounts, name=request.POST.get("account", "").replace("\0", ""))
        return _to(asking.begin(account, request.user, timezone.now()))
    drafts = CatalogueImport.objects.drafts().select_related("account").order_by("-touched_at")
    return render(request, "staff/imports.html", {"accounts": accounts, "drafts": drafts, "people": _people()})


@require_http_methods(["GET", "HEAD", "POST"])
@vary_on_headers("HX-Request")
@staff_page("catalogue.import")
def edit(request: StaffRequest, draft: uuid.UUID) -> HttpResponse:
    """GET shows the draft, and answers its polls while the worker is at it. POST keeps what was chosen, to be checked or published."""
    found = _find(draft)
    if request.method == "POST":
        return _save(request, found)
    if request.htmx:
        return _progress(request, found)
    return _page(request, found, ImportForm(found) if found.found else None)


@require_POST
@staff_page("catalogue.import")
def read(request: StaffRequest, draft: uuid.UUID) -> HttpResponse:
    return _moved(request, _find(draft), asking.read_again)


@require_POST
@staff_page("catalogue.import")
def choose(request: StaffRequest, draft: uuid.UUID) -> HttpResponse:
    return _moved(request, _find(draft), asking.choose, request.POST.get("dashboard", ""))


@require_POST
@staff_page("catalogue.import")
def agree(request: StaffRequest, draft: uuid.UUID) -> HttpResponse:
    return _moved(request, _find(draft), asking.agree)


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("catalogue.import")
def discard(request: StaffRequest, draft: uuid.UUID) -> HttpResponse:
    """Asks first, as what cannot be undone does. Nothing to ask of what was published: it stays."""
    found = _find(draft)
    if found.published_at:
        return _to(found)
    if request.method != "POST":
        return render(request, "staff/import_discard.html", {"draft": found})
    try:
        asking.discard(found, turn_of(request.POST), request.user)
    except Refused as refused:
        messages.error(request, refused.detail)
        return _to(found)
    messages.success(request, _("The draft was discarded."))
    return SeeOther(reverse("staff_imports"))


def _moved(request: StaffRequest, draft: CatalogueImport, move: Callable[..., None], *values: str) -> HttpResponse:
    try:
        move(draft, turn_of(request.POST), *values, request.user, timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
    return _to(draft)


def _save(request: StaffRequest, draft: CatalogueImport) -> HttpResponse:
    if not draft.found or draft.published_at:
        return _to(draft)
    form = ImportForm(draft, request.POST)
    if not form.is_valid():
        return _page(request, draft, form, status=422)
    publish = "publish" in request.POST
    try:
        on_its_way = asking.save(draft, turn_of(request.POST), form.choices(), request.user, timezone.now(), publish=publish)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        if publish and not on_its_way:
            messages.info(request, _("Saved, not published: another member of staff has to agree on the open rows."))
    return _to(draft)


def _page(request: StaffRequest, draft: CatalogueImport, form: ImportForm | None, status: int = 200) -> HttpResponse:
    people = _people()
    context = {
        "draft": draft,
        "form": form,
        "steps": steps(draft),
        "page": dashboards_page(draft, request.GET),
        "open_faults": draft.verdict.get("faults", []),
        "may_publish": bool(draft.verdict) and not draft.verdict["faults"] and draft.is_agreed,
        "said_by": people.get(draft.said_by_id),
        "agreed_by": people.get(draft.agreed_by_id),
        "may_agree": draft.said_by_id is not None and draft.said_by_id != request.user.pk,
        "alone": len(people) == 1,
    }
    return render(request, "staff/import.html", context | _progress_part(draft), status=status)


def _progress(request: StaffRequest, draft: CatalogueImport) -> HttpResponse:
    """What changed since the page that asks; when the worker is done the whole page did."""
    context = _progress_part(draft)
    if not draft.work:
        return HttpResponse(headers={"HX-Refresh": "true"})
    if request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)
    return render(request, "staff/_import_progress.html", context)


def _progress_part(draft: CatalogueImport) -> dict[str, Any]:
    silent = bool(draft.work) and not Heartbeat.objects.filter(cluster=tasks.WORK, beat_at__gt=Now() - HEARTBEAT_LATE).exists()
    return {"draft": draft, "silent": silent, "seen": f"{draft.turn}-{'silent' if silent else 'at-work'}"}


def _people() -> dict[int | None, User]:
    """Staff by id. Their names and addresses are all that this scope may read of them."""
    return {user.pk: user for user in User.objects.filter(is_staff=True, is_active=True).only("email", "name")}


def _find(pk: uuid.UUID) -> CatalogueImport:
    return get_object_or_404(CatalogueImport.objects.select_related("account", "report"), pk=pk)


def _to(draft: CatalogueImport) -> HttpResponse:
    return SeeOther(reverse("staff_import", args=[draft.pk]))
