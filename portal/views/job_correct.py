"""A report that was sent and is wrong: run again as a new version, withdrawn, or both, with a sentence for those who had it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.link_forms import CorrectForm
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from reports import jobs, links
from reports.models import SnapshotJob
from reports.recalling import recall
from reports.refused import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("jobs.correct")
def correct(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(SnapshotJob.objects.for_tenant(request.tenant).select_related("report"), pk=job)
    found.tenant = request.tenant
    form = CorrectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            shown = _act(request, found, form)
        except Refused as refused:
            form.refuse(refused)
        else:
            return SeeOther(reverse("job", args=[request.tenant.slug, shown.pk]))
    _count, working = links.of_job(found).count(timezone.now())
    context = {"job": found, "form": form, "working": working}
    return render(request, "portal/job_correct.html", context, status=422 if form.errors else 200)


def _act(request: TenantRequest, job: SnapshotJob, form: CorrectForm) -> SnapshotJob:
    """As the button says that was pressed; the job to go on with. Raises Refused."""
    act, because, now = request.POST.get("act", "correct"), form.cleaned_data["because"], timezone.now()
    actor = actors.member(request)
    if act == "withdraw":
        recall(job, because, actor, now=now)
        messages.success(request, _("The files were withdrawn. Nobody gets them any more."))
        return job
    both = act == "replace"
    return jobs.correct(job, actor, because, withdraw=both, form_key=form.cleaned_data["form_key"], now=now)
