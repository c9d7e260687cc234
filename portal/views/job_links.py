"""Making a link to a job's files."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from portal import actors
from portal.link_forms import LinkForm
from portal.pages import SeeOther, tenant_page
from portal.requests import TenantRequest
from reports import links
from reports.models import SnapshotJob
from reports.refused import Refused


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("passcode")
@tenant_page("links.create")
def new_link(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    """The address travels to the next page in the person's own cookie and is gone after that: only its hash is kept here."""
    found = get_object_or_404(SnapshotJob.objects.for_tenant(request.tenant).select_related("report"), pk=job)
    found.tenant = request.tenant
    form = LinkForm(request.tenant, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = links.create(found, actors.member(request), form.terms(), now=timezone.now())
        except Refused as refused:
            form.refuse(refused)
        else:
            messages.success(request, made.url, extra_tags="link")
            return SeeOther(reverse("job", args=[request.tenant.slug, found.pk]))
    return render(request, "portal/job_link_new.html", {"job": found, "form": form}, status=422 if form.errors else 200)
