"""The list of jobs, one job, and what people may do with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from portal import actors, filters, status
from portal.csv_answers import as_csv
from portal.forms import RetryForm
from portal.held_rows import held_job
from portal.job_deliveries import sent, with_deliveries
from portal.job_rows import drawn, for_pages, starter, with_pace
from portal.live import QUIET_SECONDS, Live, plain_query, poll_seconds
from portal.pages import SeeOther, enters_itself, inside, tenant_page
from portal.paging import page_of
from portal.requests import TenantRequest
from reports import files, timeline
from reports import jobs as domain
from reports.batches import counting
from reports.engine import cadence
from reports.failures import cause_of
from reports.models import Batch, Grant, Report, Review, SnapshotFile, SnapshotJob
from reports.models.jobs import SnapshotJobQuerySet
from reports.refused import Refused
from tenants.models import Tenant

Status = SnapshotJob.Status
SELECTED = {"retry": "jobs.retry", "cancel": "jobs.cancel", "revoke": "links.revoke"}
HEADS = (_("Job"), _("Report"), _("Formats"), _("State"), _("By"), _("Started"), _("Ended"), _("Why it failed"))
# The newest of them: a spreadsheet of more is nobody's reading, and the API has them all.
MOST_EXPORTED = 10_000
MOVING = "moving"
STATES = (
    ("", _("All")),
    (MOVING, _("In progress")),
    (Status.FAILED.value, Status.FAILED.label),
    (Status.COMPLETED.value, Status.COMPLETED.label),
    (Status.CANCELLED.value, Status.CANCELLED.label),
)


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("jobs.view")
def jobs(request: TenantRequest) -> HttpResponse:
    """The rows and the counts above them are live while a listed job moves."""
    now = timezone.now()
    query = plain_query(request)
    search = filters.read(query, STATES)
    reports = [grant.report for grant in Grant.objects.for_tenant(request.tenant).by_name()]
    batch = _batch(request.tenant, query.get("batch", ""))
    listed = _listed(request.tenant, query, batch)
    page = page_of(_matching(listed, search, reports), query, draw=for_pages)
    moving = filters.count_of(listed.moving())
    counts = batch and counting.counts(batch)
    live = Live(request, drawn(page.rows, now), moving, page.older, page.newer, counts, seconds=poll_seconds(page.rows, now))
    if live.unchanged:
        return HttpResponse(status=204)
    context = {
        "live": live,
        "page": page,
        "batch": batch,
        "counts": counts,
        "states": filters.states_row(query, STATES, search.status, {MOVING: moving}),
        "filters": search,
        "is_filtered": search.narrow or "batch" in query,
        "reports": reports,
        "may_run": request.may("reports.run"),
        **_may_do(request),
        "query": search_query(query),
        "may_clear": bool(moving) and request.may("jobs.clear"),
    }
    return render(request, "portal/jobs_news.html" if live.asked else "portal/jobs.html", context)


def _may_do(request: TenantRequest) -> dict[str, bool]:
    """With selected jobs; nobody selects rows for nothing."""
    may = {f"may_{verb}": request.may(action) for verb, action in SELECTED.items()}
    return may | {"selecting": any(may.values())}


def search_query(query: QueryDict) -> str:
    """Without the page's key: all that the search finds."""
    changed = query.copy()
    for name in ("before", "after"):
        changed.pop(name, None)
    return changed.urlencode()


@require_safe
@tenant_page("jobs.view")
def export(request: TenantRequest) -> HttpResponse:
    """The list as it is narrowed, for a spreadsheet; times in the company's zone."""
    search = filters.read(request.GET, STATES)
    reports = [grant.report for grant in Grant.objects.for_tenant(request.tenant).by_name()]
    batch = _batch(request.tenant, request.GET.get("batch", ""))
    found = _matching(_listed(request.tenant, request.GET, batch), search, reports)
    jobs = for_pages(found.newest_first()[:MOST_EXPORTED])
    return as_csv(f"jobs-{request.tenant.slug}.csv", [str(head) for head in HEADS], (_cells(job) for job in jobs))


def _cells(job: Any) -> list[str]:
    times = [timezone.localtime(at).isoformat(timespec="seconds") if at else "" for at in (job.created_at, job.finished_at)]
    return [str(job.pk), job.report.name, " ".join(job.formats), str(status.of_job(job).word), starter(job), *times, job.failure_text]


def _listed(tenant: Tenant, query: QueryDict, batch: Batch | None) -> SnapshotJobQuerySet:
    listed = SnapshotJob.objects.for_tenant(tenant).visible()
    if "batch" in query:
        return listed.filter(batch=batch) if batch else listed.none()
    return listed


def _batch(tenant: Tenant, text: str) -> Any:
    """With its counts. None: there is no such batch."""
    try:
        return counting.with_counts(Batch.objects.for_tenant(tenant)).filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None


def _matching(jobs: SnapshotJobQuerySet, search: filters.Filters, reports: list[Report]) -> SnapshotJobQuerySet:
    if search.status:
        jobs = jobs.moving() if search.status == MOVING else jobs.filter(status=search.status)
    if search.report:
        jobs = jobs.filter(report__in=[report for report in reports if report.slug == search.report])
    if search.query:
        named = [report for report in reports if search.query.casefold() in report.name.casefold()]
        jobs = jobs.with_id_like(search.query) | jobs.filter(report__in=named)
    return jobs


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("jobs.view")
def job(request: TenantRequest, job: uuid.UUID) -> HttpResponse:
    """All of it is live until the job ends: the last answer brings its files."""
    now = timezone.now()
    found = _find(request, job, with_deliveries)
    with_pace(request.tenant, [found], now)
    checked_soon = QUIET_SECONDS if found.review_status == Review.Status.CHECKING else None
    live = Live(request, drawn([found], now), len(found.told), seconds=poll_seconds([found], now) or checked_soon)
    if live.unchanged:
        return HttpResponse(status=204)
    attempts = list(found.attempts.all())
    # Written with the move to completed, so no other job has any.
    files = list(found.files.all()) if found.status == Status.COMPLETED else []
    for file in files:
        file.is_here = file.is_offered(request.tenant, now) or (request.may("jobs.release") and file.may_be_seen(request.tenant, now))
    offered = [file for file in files if file.is_here and not file.held]
    is_held = found.review_status == Review.Status.HELD
    review = Review.objects.for_tenant(request.tenant).get(job=found) if is_held else None
    context = {
        "live": live,
        "job": found,
        "timeline": timeline.lines(found.told),
        "attempts": attempts,
        "files": files,
        "offered": offered,
        "may_link": request.may("links.create") and bool(offered),
        "most_attempts": cadence.MAX_ATTEMPTS,
        "tags": list(attempts[-1].session_tags.items()) if attempts else [],
        "advice": cause_of(found.failure_code).advice if found.failure_code else "",
        "sent": sent(found.delivered, now),
        "links": found.links.filter(delivery=None).with_last_download().order_by("-created_at", "-id") if files else [],
        "held": review and held_job(found, [], review),
        "may_decide": bool(review) and request.may("jobs.release"),
        "retry_form": RetryForm() if request.may("jobs.retry") and found.has_ended and found.review_status not in Review.OPEN else None,
        "may_see_proof": request.may("proof.view"),
        "may_cancel": request.may("jobs.cancel") and found.status == Status.QUEUED,
        "may_correct": request.may("jobs.correct") and found.status == Status.COMPLETED and not any(file.held for file in files),
        "may_revoke": request.may("links.revoke"),
    }
    return render(request, "portal/job_news.html" if live.asked else "portal/job.html", context)


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
@enters_itself("files.download")
def file(request: TenantRequest, slug: str, job: uuid.UUID, file: uuid.UUID) -> HttpResponse:
    """The download is written down and committed before a URL exists that could be used."""
    with inside(request, slug, "files.download"):
        found = get_object_or_404(SnapshotFile.objects.for_tenant(request.tenant), job=job, job__dry_run_tags__isnull=True, pk=file)
        found.tenant = request.tenant
        try:
            files.note_download(found, actors.member(request), now=timezone.now(), decides=request.may("jobs.release"))
        except Refused as refused:
            messages.error(request, refused.detail)
            return SeeOther(reverse("job", args=[slug, job]))
    return SeeOther(files.presigned_url(found))


def _find(request: TenantRequest, pk: uuid.UUID, draw: Callable[[Any], Any] = lambda jobs: jobs) -> Any:
    found = get_object_or_404(draw(for_pages(SnapshotJob.objects.for_tenant(request.tenant).filter(pk=pk)).with_timeline()))
    found.tenant = request.tenant
    return found


def _address(request: TenantRequest, job: SnapshotJob) -> str:
    return reverse("job", args=[request.tenant.slug, job.pk])
