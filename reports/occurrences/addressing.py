"""Who gets an occurrence: audiences with the same rows share a job, and one who is in several of them gets one mail of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery

from reports.delivery.sent_log import of_destination, places
from reports.handing import Person, new_delivery, new_shipment
from reports.links.making import for_delivery
from reports.models import Audience, AudienceDestination, Delivery, Destination, Occurrence, Schedule, SnapshotJob, Suppression

Status = Delivery.Status
BEFORE_RESTORE = "before_restore"
BY_NAME = itemgetter(0, 1)


@dataclass(frozen=True)
class Rows:
    """A set of rows, by the tags that narrow the tenant's own, who gets it, by address, and where it goes, with whose wish that is."""

    tags: dict[str, str]
    people: dict[str, Person] = field(default_factory=dict)
    destinations: dict[Destination, Audience] = field(default_factory=dict)

    def places(self) -> list[str]:
        """Whatever it goes to, as the send log has it."""
        addresses = [address for address, person in self.people.items() if not person.stopped]
        return addresses + [of_destination(destination.pk) for destination in self.destinations]


def who_gets(schedule: Schedule) -> list[Rows]:
    """At least one: without anybody the tenant's own rows are made all the same, to be downloaded. In the tenant's scope."""
    found: dict[tuple[tuple[str, str], ...], Rows] = {}
    # One question for all: a thousand tenants are due at the same minute of the morning.
    by_name, by_group = _people(schedule, "recipients"), _people(schedule, "groups__recipients")
    for audience_name, address, tags, name, language, stopped, recipient_id, audience_id in sorted(
        by_name.union(by_group, all=True), key=BY_NAME
    ):
        rows = found.setdefault(tuple(sorted(tags.items())), Rows(tags))
        person = Person(address, name, language, stopped or "", recipient_id, audience_id, audience_name)
        rows.people.setdefault(address, person)
    for link in _destinations(schedule):
        tags = link.audience.session_tags
        found.setdefault(tuple(sorted(tags.items())), Rows(tags)).destinations.setdefault(link.destination, link.audience)
    if schedule.cc or not found:
        own = found.setdefault((), Rows({}))
        for address, stopped in _copies(schedule).items():
            own.people.setdefault(address, Person(address, stopped=stopped))
    return list(found.values())


def _people(schedule: Schedule, path: str) -> QuerySet[Audience, tuple[Any, ...]]:
    """Those of the audiences by one way, as they are now: audience, address, tags, name, language, what stops them, and ids."""
    stopped = Suppression.objects.filter(tenant=OuterRef("tenant"), email=OuterRef(f"{path}__email")).values("reason")[:1]
    audiences = Audience.objects.filter(tenant=schedule.tenant_id, schedule=schedule, **{f"{path}__isnull": False})
    named = audiences.annotate(
        address=F(f"{path}__email"),
        person_name=F(f"{path}__name"),
        person_language=F(f"{path}__language"),
        stopped=Subquery(stopped),
        person_id=F(f"{path}__pk"),
    )
    return named.values_list("name", "address", "session_tags", "person_name", "person_language", "stopped", "person_id", "pk")


def _destinations(schedule: Schedule) -> QuerySet[AudienceDestination]:
    links = AudienceDestination.objects.filter(tenant=schedule.tenant_id, audience__schedule=schedule)
    return links.select_related("audience", "destination").order_by("audience__name", "destination__name")


def _copies(schedule: Schedule) -> dict[str, str]:
    """The addresses of the CC line, and what stops each."""
    addresses = [address.lower() for address in schedule.cc]
    if not addresses:
        return {}
    stopped = dict(Suppression.objects.filter(tenant=schedule.tenant_id, email__in=addresses).values_list("email", "reason"))
    return {address: stopped.get(address, "") for address in addresses}


def make_deliveries(occurrence: Occurrence, made: Iterable[tuple[SnapshotJob, Rows]], now: datetime) -> None:
    """For everybody, also for those to whom nothing is sent: the ledger is whole from the start."""
    deliveries = [delivery for job, rows in made for delivery in _deliveries(occurrence, job, rows, now)]
    if deliveries:
        Delivery.objects.bulk_create(deliveries, batch_size=1000)
    for served in filter(lambda delivery: delivery.status == Status.SENT and delivery.address, deliveries):
        # Its mail is out, with a link whose address is made of the delivery's id: here it works again.
        for_delivery(served, now=now)


def _deliveries(occurrence: Occurrence, job: SnapshotJob, rows: Rows, now: datetime) -> Iterator[Delivery]:
    for person in rows.people.values():
        yield _unless_served(occurrence, new_delivery(job, person, now), person.address, now)
    for destination, audience in rows.destinations.items():
        yield _unless_served(occurrence, new_shipment(job, destination, audience, now), of_destination(destination.pk), now)


def _unless_served(occurrence: Occurrence, delivery: Delivery, place: str, now: datetime) -> Delivery:
    if occurrence.already_sent and (known_id := _id_before(occurrence, delivery.job, place)):
        delivery.pk, delivery.status, delivery.failure_code = UUID(known_id), Status.SENT, BEFORE_RESTORE
        delivery.sent_at = delivery.ended_at = now
    return delivery


def _id_before(occurrence: Occurrence, job: SnapshotJob, place: str) -> str | None:
    """Of the delivery that reached this address or destination before the database was put back. None: none did."""
    known = occurrence.already_sent or {}
    return next((known[place] for place in places(job.tenant_id, place, job.narrowing_tags) if place in known), None)
