"""Deciding on the held files of a run, and on those of one job."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from portal import actors
from portal.decide_form import AGAIN, ALL, DECIDE, NONE, USUAL, DecideForm
from portal.held_rows import Held
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from portal.views.occurrences import find
from reports.gate import deciding
from reports.models import Review, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor


@require_POST
@tenant_page("jobs.release")
def decide(request: TenantRequest, schedule: uuid.UUID, occurrence: uuid.UUID) -> HttpResponse:
    run = find(request, schedule, occurrence)
    form = DecideForm(Held(), request.tenant.retention_days, request.POST)
    if form.is_valid():
        way = form.cleaned_data["decision"]
        try:
            DECIDE[way](run, actors.member(request), timezone.now(), form.cleaned_data["note"])
        except Refused as refused:
            messages.error(request, refused.detail)
        else:
            messages.success(request, DONE[way]())
    else:
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
    return SeeOther(reverse("occurrence", args=[request.tenant.slug, schedule, run.pk]))


@require_POST
@tenant_page("jobs.release")
def release_job(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    return _of_job(request, job, deciding.release, ALL)


@require_POST
@tenant_page("jobs.release")
def reject_job(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    return _of_job(request, job, deciding.reject, NONE)


def _of_job(request: TenantRequest, pk: uuid.UUID, act: Callable[[SnapshotJob, Actor, datetime], Review], way: str) -> HttpResponse:
    job = get_object_or_404(SnapshotJob.objects.for_tenant(request.tenant), pk=pk)
    try:
        act(job, actors.member(request), timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, DONE[way]())
    return SeeOther(reverse("job", args=[request.tenant.slug, job.pk]))


DONE: dict[str, Callable[[], str]] = {
    USUAL: lambda: _("They go out now. The unusual files are still held."),
    ALL: lambda: _("Released. It goes out now."),
    AGAIN: lambda: _("It runs again, and is held again before anything is sent."),
    NONE: lambda: _("Nothing is sent."),
}
