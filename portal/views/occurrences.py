"""One run of a schedule: what became of each delivery, and trying again only what failed."""

from __future__ import annotations

import csv
import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from portal import actors
from portal.decide_form import DecideForm
from portal.destination_words import to_whom
from portal.filters import states_row
from portal.held_rows import held_of
from portal.live import Live, plain_query, poll_seconds
from portal.pages import SeeOther, tenant_page
from portal.paging import page_of
from portal.requests import TenantRequest
from portal.schedule_rows import seen
from portal.status import of_delivery
from reports.csv_text import harmless
from reports.delivery import trying
from reports.models import Delivery, Download, Occurrence, Review, SnapshotJob
from reports.models.reviews import with_review
from reports.models.sending import DeliveryQuerySet
from reports.occurrences import acting
from reports.refused import Refused
from reports.schedules import story
from reports.schedules.ledger import Ledger, ledgers
from tenants.audit import record
from tenants.models import Tenant

DONE = (Delivery.Status.SENT, Delivery.Status.SUPPRESSED)
OPEN, ALL = "", "all"
SHOWN = ((OPEN, pgettext_lazy("deliveries", "Open")), (ALL, gettext_lazy("All")))


@require_safe
@vary_on_headers("HX-Request")
@tenant_page("schedules.view")
def occurrence(request: TenantRequest, schedule: uuid.UUID, occurrence: uuid.UUID) -> HttpResponse:
    """All of it is live until it ended."""
    now = timezone.now()
    found = find(request, schedule, occurrence)
    ledger = ledgers(request.tenant, [found]).get(found.pk, Ledger())
    made = with_review(SnapshotJob.objects.for_tenant(request.tenant).filter(occurrence=found))
    jobs = list(made.order_by("created_at", "id").prefetch_related("files"))
    query = plain_query(request)
    deliveries = Delivery.objects.for_tenant(request.tenant).filter(occurrence=found)
    open_ = deliveries.exclude(status__in=DONE)
    to_do = ledger.waiting + ledger.retrying + ledger.failed
    chosen = query.get("status", OPEN) if to_do else ALL
    page = page_of(with_downloads(open_ if chosen != ALL else deliveries).select_related("destination"), query)
    sets = _sets(deliveries)
    moves = [(job.status, job.review_status, job.attempt_count) for job in jobs]
    sent = [(delivery.status, delivery.tries, delivery.next_try_at, delivery.last_download_at) for delivery in page.rows]
    live = Live(request, seen(found), ledger, moves, sent, timezone.localdate(now), seconds=poll_seconds([found], now))
    if live.unchanged:
        return HttpResponse(status=204)
    with_sets = [(job, sets.get(job.pk, [])) for job in jobs]
    held = held_of(with_sets, _held_reviews(request.tenant, jobs))
    may_decide = bool(held.jobs) and request.may("jobs.release")
    context = {
        "live": live,
        "now": now,
        "held": held,
        "decide_form": DecideForm(held, request.tenant.retention_days) if may_decide else None,
        "occurrence": found,
        "schedule": found.schedule,
        "ledger": ledger,
        "jobs": with_sets,
        "page": page,
        "timeline": story.lines(found, jobs, ledger),
        "shown": states_row(query, SHOWN, chosen, {OPEN: str(to_do), ALL: str(to_do + ledger.sent + ledger.not_sent)}) if to_do else [],
        "may_manage": request.may("schedules.manage"),
    }
    return render(request, "portal/occurrence_news.html" if live.asked else "portal/occurrence.html", context)


def with_downloads(deliveries: DeliveryQuerySet) -> QuerySet[Any]:
    """`last_download_at`: None: nobody fetched anything by its link yet."""
    newest = Download.objects.filter(tenant=OuterRef("tenant"), link__delivery=OuterRef("pk")).order_by("-at")
    return deliveries.annotate(last_download_at=Subquery(newest.values("at")[:1]))


def _held_reviews(tenant: Tenant, jobs: list[SnapshotJob]) -> dict[uuid.UUID, Review]:
    """By the job; without a question where none is held."""
    held = [job.pk for job in jobs if job.review_status == Review.Status.HELD]
    return {review.job_id: review for review in Review.objects.for_tenant(tenant).filter(job__in=held)} if held else {}


def _sets(deliveries: DeliveryQuerySet) -> dict[uuid.UUID, list[tuple[str, int]]]:
    """By job, the audiences that share it, each with its number of people."""
    found: dict[uuid.UUID, list[tuple[str, int]]] = {}
    for job, audience, number in deliveries.values_list("job", "audience_name").annotate(number=Count("pk")).order_by("audience_name"):
        found.setdefault(job, []).append((audience, number))
    return found


@require_safe
@tenant_page("schedules.view")
def export(request: TenantRequest, schedule: uuid.UUID, occurrence: uuid.UUID) -> HttpResponse:
    """Every delivery of the run, as a table for a spreadsheet."""
    found = find(request, schedule, occurrence)
    record(actors.member(request), "occurrence.exported", now=timezone.now(), tenant=request.tenant, about=found)
    planned = timezone.localtime(found.planned_at)
    name = f"{found.schedule.slug}_{planned:%Y-%m-%d_%H%M}.csv"
    answer = HttpResponse(content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'})
    # With a mark of its encoding: else Excel takes it for the encoding of the country.
    answer.write("\ufeff")
    table = csv.writer(answer)
    table.writerow([_("Address"), _("Name"), _("Rows"), _("State"), _("Tries"), _("Answer"), _("Delivered"), _("Downloaded")])
    deliveries = Delivery.objects.for_tenant(request.tenant).filter(occurrence=found).select_related("destination")
    for delivery in with_downloads(deliveries.order_by("address", "pk")).iterator(chunk_size=2000):
        texts = (to_whom(delivery), delivery.name, delivery.audience_name, str(of_delivery(delivery).word))
        times = (_time(delivery.sent_at), _time(delivery.last_download_at))
        table.writerow([*map(harmless, texts), delivery.tries, harmless(delivery.answer), *times])
    return answer


def _time(at: datetime | None) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds") if at else ""


@require_POST
@tenant_page("schedules.manage")
def retry(request: TenantRequest, schedule: uuid.UUID, occurrence: uuid.UUID) -> HttpResponse:
    found = find(request, schedule, occurrence)
    try:
        number = acting.retry_failed(found, actors.member(request), timezone.now())
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, ngettext("%(n)d is tried again.", "%(n)d are tried again.", number) % {"n": number})
    return _back(request, found)


@require_POST
@tenant_page("schedules.manage")
def try_now(request: TenantRequest, schedule: uuid.UUID, occurrence: uuid.UUID, delivery: uuid.UUID) -> HttpResponse:
    found = find(request, schedule, occurrence)
    rows = Delivery.objects.for_tenant(request.tenant).select_related("destination")
    waiting = get_object_or_404(rows, occurrence=found, pk=delivery)
    waiting.tenant, to, now = request.tenant, to_whom(waiting), timezone.now()
    actor = actors.member(request)
    is_again = waiting.destination is not None and acting.send_one_again(found, waiting, actor, now)
    if is_again or trying.try_now(waiting, actor, now=now):
        messages.success(request, _("%(address)s is tried now.") % {"address": to})
    else:
        messages.error(request, _("%(address)s is not waiting for another try any more.") % {"address": to})
    return _back(request, found)


def find(request: TenantRequest, schedule: uuid.UUID, pk: uuid.UUID) -> Occurrence:
    """With its schedule and report, also of a schedule that was removed."""
    runs = Occurrence.objects.for_tenant(request.tenant).select_related("schedule__report")
    found = get_object_or_404(runs, schedule=schedule, pk=pk)
    found.tenant = found.schedule.tenant = request.tenant
    return found


def _back(request: TenantRequest, run: Occurrence) -> HttpResponse:
    return SeeOther(reverse("occurrence", args=[request.tenant.slug, run.schedule_id, run.pk]))
