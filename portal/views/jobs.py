"""The list of jobs, one job, and what people may do with it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from portal import actors, filters
from portal.forms import RetryForm
from portal.job_rows import for_pages
from portal.pages import SeeOther, inside, tenant_page
from portal.paging import page_of
from portal.requests import TenantRequest
from portal.views.links import with_last_downloads
from reports import files, links, timeline
from reports import jobs as domain
from reports.engine import cadence
from reports.failures import cause_of
from reports.models import Grant, Report, SnapshotFile, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from reports.refused import Refused

Status = SnapshotJob.Status
MOVING = "moving"
STATES = (
    ("", _("All")),
    (MOVING, _("In progress")),
    (Status.FAILED.value, Status.FAILED.label),
    (Status.COMPLETED.value, Status.COMPLETED.label),
    (Status.CANCELLED.value, Status.CANCELLED.label),
)
# How often the page of a moving job looks again, by the job's age.
POLLS = ((timedelta(minutes=1), 2), (timedelta(minutes=10), 5), (timedelta.max, 15))


@require_safe
@tenant_page("jobs.view")
def jobs(request: TenantRequest) -> HttpResponse:
    search = filters.read(request.GET, STATES)
    listed = SnapshotJob.objects.for_tenant(request.tenant).visible()
    context = {
        "page": page_of(for_pages(_matching(listed, search)), request.GET),
        "states": filters.states_row(request.GET, STATES, search.status, {MOVING: filters.count_of(listed.moving())}),
        "filters": search,
        "is_filtered": search.narrow,
        "reports": [grant.report for grant in Grant.objects.for_tenant(request.tenant).with_report()],
        "may_run": request.may("reports.run"),
    }
    return render(request, "portal/jobs.html", context)


def _matching(jobs: SnapshotJobQuerySet, search: filters.Filters) -> SnapshotJobQuerySet:
    if search.status:
        jobs = jobs.moving() if search.status == MOVING else jobs.filter(status=search.status)
    if search.report:
        jobs = jobs.filter(report__in=list(Report.objects.filter(slug=search.report)))
    if search.query:
        named = Report.objects.filter(name__icontains=search.query)
        jobs = jobs.with_id_like(search.query) | jobs.filter(report__in=list(named))
    return jobs


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("jobs.view")
def job(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    """The poll gets the timeline; when the job has ended it reloads the page, which then has the files."""
    found = _find(request, job)
    context = _moving_part(found)
    if request.htmx:
        return HttpResponse(headers={"HX-Refresh": "true"}) if found.has_ended else render(request, "portal/_job_timeline.html", context)
    attempts = list(found.attempts.all())
    context |= {
        "most_attempts": cadence.MAX_ATTEMPTS,
        "tags": attempts[-1].session_tags if attempts else {},
        "advice": cause_of(found.failure_code).advice if found.failure_code else "",
        "links": with_last_downloads(list(found.links.order_by("-created_at", "-id"))),
        "retry_form": RetryForm() if request.may("jobs.retry") and found.has_ended else None,
        "may_cancel": request.may("jobs.cancel") and found.status == Status.QUEUED,
        "may_link": request.may("links.create"),
        "may_revoke": request.may("links.revoke"),
    }
    return render(request, "portal/job.html", context)


def _moving_part(job: SnapshotJob) -> dict[str, Any]:
    age = timezone.now() - job.created_at
    lines = [(event.at, timeline.line(event)) for event in job.events.all()]
    return {"job": job, "timeline": lines, "poll_seconds": next(seconds for limit, seconds in POLLS if age < limit)}


@require_POST
@tenant_page("jobs.cancel")
def cancel(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    found = _find(request, job)
    try:
        domain.cancel(found, actors.member(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
    return SeeOther(_address(request, found))


@require_POST
@tenant_page("jobs.retry")
def retry(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    found, form = _find(request, job), RetryForm(request.POST)
    form_key = form.cleaned_data["form_key"] if form.is_valid() else None
    try:
        again = domain.retry(found, actors.member(request), form_key=form_key, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
        again = found
    return SeeOther(_address(request, again))


@require_POST
@transaction.non_atomic_requests
def file(request: TenantRequest, slug: str, job: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    """The download is written down and committed before a URL exists that could be used."""
    with inside(request, slug, "files.download"):
        found = get_object_or_404(SnapshotFile.objects.for_tenant(request.tenant), job=job, pk=file)
        files.note_download(found, actors.member(request), now=timezone.now())
    return SeeOther(files.presigned_url(found))


@require_POST
@tenant_page("links.create")
def new_link(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    """The address travels to the next page in the person's own cookie and is gone after that: only its hash is kept here."""
    found = _find(request, job)
    try:
        made = links.create(found, actors.member(request), now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, made.url, extra_tags="link")
    return SeeOther(_address(request, found))


def _find(request: TenantRequest, pk: uuid.UUID) -> SnapshotJob:
    jobs = for_pages(SnapshotJob.objects.for_tenant(request.tenant)).select_related("tenant")
    return get_object_or_404(jobs.prefetch_related("attempts", "events", "files"), pk=pk)


def _address(request: TenantRequest, job: SnapshotJob) -> str:
    return reverse("job", args=[request.tenant.slug, job.pk])
