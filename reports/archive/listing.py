"""What was sent to an address, and what is left of it today."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.dates import MONTHS, MONTHS_3

from reports.links.entitlement import show_to_reader
from reports.models import Delivery, Link, SnapshotFile, SnapshotJob
from reports.models.sending import DeliveryQuerySet
from tenants.models import Tenant
from tenants.secrets import is_storable

KEPT = timedelta(days=90)
MOST_SEARCH = 80
ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
# `22.11.`, `22.11.2026`, `22 November`, `22. Nov 2026`
WRITTEN_DAY = re.compile(r"(\d{1,2})\.?\s*(?:(\d{1,2})\.|([^\W\d]+)\.?)\s*(\d{4})?")


@dataclass(frozen=True)
class Row:
    """A mail that arrived. `state`: of its link as Link.Status has it, or withdrawn, or gone. `version`: of what it opens; 1: as sent."""

    delivery: Delivery
    link: Link | None
    files: list[SnapshotFile]
    state: str
    version: int
    may_ask: bool

    @property
    def corrected_at(self) -> datetime | None:
        newer = self.link.superseded_by if self.link else None
        return newer.finished_at if newer else None


WITHDRAWN, GONE = "withdrawn", "gone"


def sent_to(tenant: Tenant, email: str, now: datetime) -> DeliveryQuerySet:
    """Mails that arrived in the last 90 days; nothing for an empty address. What waits, is held or was never sent is not among them."""
    mails = Delivery.objects.for_tenant(tenant).filter(channel=Delivery.Channel.EMAIL, status=Delivery.Status.SENT)
    # By the time they were made, which the index of addresses is ordered by.
    return mails.filter(address=email, created_at__gt=now - KEPT) if email else mails.none()


def matching(deliveries: DeliveryQuerySet, text: str, now: datetime) -> DeliveryQuerySet:
    """With these words in the name of report or schedule, or of that day. In the zone and language of the reader."""
    text = " ".join(text.split())[:MOST_SEARCH]
    if not text:
        return deliveries
    if not is_storable(text):
        return deliveries.none()
    if day := _day(text, timezone.localdate(now)):
        begins = timezone.make_aware(datetime.combine(day, time.min))
        ends = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
        planned = Q(occurrence__planned_at__gte=begins, occurrence__planned_at__lt=ends)
        return deliveries.filter(Q(sent_at__gte=begins, sent_at__lt=ends) | planned)
    return deliveries.filter(Q(job__report__name__icontains=text) | Q(occurrence__schedule__name__icontains=text))


def drawn(deliveries: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """The same in the same order, cut to what is shown, with what a row shows; a few statements, however many there are.

    Joined by key after the cut: a sorted join of tables under row-level security misleads the planner.
    """
    links = Link.objects.order_by("created_at", "pk").select_related("superseded_by", "tenant").prefetch_related("superseded_by__files")
    cut = Delivery.objects.filter(pk__in=deliveries.values("pk")).order_by(*deliveries.query.order_by)
    related = cut.select_related("tenant", "job__report", "occurrence__schedule")
    return related.prefetch_related("job__files", Prefetch("links", links))


def rows_of(deliveries: Sequence[Delivery], now: datetime) -> list[Row]:
    """In their order; of `drawn`. In the tenant's scope."""
    first = {delivery.pk: next(iter(delivery.links.all()), None) for delivery in deliveries}
    for delivery in deliveries:
        for link in delivery.links.all():
            link.delivery, link.job = delivery, delivery.job if link.job_id == delivery.job_id else link.job
    shown = [link for link in first.values() if link]
    show_to_reader(shown)
    versions = _versions([link.superseded_by for link in shown if link.superseded_by])
    return [_row(delivery, first[delivery.pk], versions, now) for delivery in deliveries]


def _row(delivery: Delivery, link: Link | None, versions: dict[uuid.UUID, int], now: datetime) -> Row:
    newer = link.superseded_by if link else None
    jobs = [job for job in (newer, link.job if link else None) if job]
    files = [file for job in jobs for file in job.files.all() if file.is_offered(delivery.tenant, now)]
    if link is None or link.revoked_at or (link.job.recalled_at and newer is None):
        state = WITHDRAWN
    elif not files:
        state = GONE
    else:
        state = link.status(now)
    may_ask = state == Link.Status.EXPIRED and link is not None and link.can_be_renewed(now)
    return Row(delivery, link, files or list(delivery.job.files.all()), state, versions.get(newer.pk, 1) if newer else 1, may_ask)


def _versions(jobs: Sequence[SnapshotJob]) -> dict[uuid.UUID, int]:
    """The number of each; a statement for each version there is."""
    numbers = {job.pk: 1 for job in jobs}
    before = {job.pk: job.replaces_id for job in jobs}
    while left := {pk: older for pk, older in before.items() if older}:
        if max(numbers.values()) > 99:
            break
        numbers |= {pk: numbers[pk] + 1 for pk in left}
        older_of = dict(SnapshotJob.objects.filter(pk__in=left.values()).values_list("pk", "replaces"))
        before = {pk: older_of.get(older) for pk, older in left.items()}
    return numbers


def _day(text: str, today: date) -> date | None:
    """None: it is no day. Without a year the last one that was."""
    try:
        if found := ISO_DAY.fullmatch(text):
            return date(*map(int, found.groups()))
        found = WRITTEN_DAY.fullmatch(text)
        month = _month(found) if found else 0
        if found is None or not month:
            return None
        day = date(int(found[4] or today.year), month, int(found[1]))
    except ValueError:
        return None
    return day if found[4] or day <= today else day.replace(year=day.year - 1)


def _month(found: re.Match[str]) -> int:
    if found[2]:
        return int(found[2])
    name = found[3].casefold()
    names = [(number, str(word).casefold()) for words in (MONTHS, MONTHS_3) for number, word in words.items()]
    return next((number for number, word in names if name in (word, word.rstrip("."))), 0)
