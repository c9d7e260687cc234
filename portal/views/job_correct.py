"""Running a job again as a correction: a new version, with a sentence for those who have a link to the old one."""

from __future__ import annotations

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.link_forms import CorrectForm
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from reports import jobs, links
from reports.models import SnapshotJob
from reports.refused import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@tenant_page("jobs.correct")
def correct(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    found = get_object_or_404(SnapshotJob.objects.for_tenant(request.tenant).select_related("report"), pk=job)
    found.tenant = request.tenant
    form = CorrectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            newer = jobs.correct(found, actors.member(request), wanted["because"], form_key=wanted["form_key"], now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            return SeeOther(reverse("job", args=[request.tenant.slug, newer.pk]))
    _count, working = links.of_job(found).count(timezone.now())
    context = {"job": found, "form": form, "working": working}
    return render(request, "portal/job_correct.html", context, status=422 if form.errors else 200)
