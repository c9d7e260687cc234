"""Who gets an occurrence: audiences with the same rows share a job, and one who is in several of them gets one mail of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reports.address_book.addresses import is_allowed
from reports.models import Audience, AudienceRecipient, Delivery, GroupMember, Occurrence, Recipient, Schedule, SnapshotJob, Suppression

Status = Delivery.Status
DOMAIN_NOT_ALLOWED = "domain_not_allowed"


@dataclass(frozen=True)
class Person:
    """`recipient` and `audience` None: of the schedule's CC line."""

    address: str
    name: str = ""
    language: str = ""
    recipient: Recipient | None = None
    audience: Audience | None = None


@dataclass(frozen=True)
class Rows:
    """A set of rows, by the tags that narrow the tenant's own, and who gets it, by address."""

    tags: dict[str, str]
    people: dict[str, Person] = field(default_factory=dict)


def who_gets(schedule: Schedule) -> list[Rows]:
    """At least one: without anybody the tenant's own rows are made all the same, to be downloaded. In the tenant's scope."""
    audiences = list(Audience.objects.filter(tenant=schedule.tenant, schedule=schedule).order_by("name"))
    found: dict[tuple[tuple[str, str], ...], Rows] = {}
    for audience, recipients in _members(schedule, audiences):
        rows = found.setdefault(tuple(sorted(audience.session_tags.items())), Rows(audience.session_tags))
        for recipient in recipients:
            rows.people.setdefault(recipient.email, Person(recipient.email, recipient.name, recipient.language, recipient, audience))
    if schedule.cc or not found:
        own = found.setdefault((), Rows({}))
        for address in schedule.cc:
            own.people.setdefault(address.lower(), Person(address.lower()))
    return list(found.values())


def _members(schedule: Schedule, audiences: list[Audience]) -> list[tuple[Audience, list[Recipient]]]:
    """Those of the audiences that anybody is in, by name or by a group as it is now. Two questions for all of them."""
    by_name = AudienceRecipient.objects.filter(tenant=schedule.tenant, audience__in=audiences).select_related("recipient")
    members: dict[UUID, list[Recipient]] = {audience.pk: [] for audience in audiences}
    for single in by_name.order_by("recipient__email"):
        members[single.audience_id].append(single.recipient)
    in_groups = GroupMember.objects.filter(tenant=schedule.tenant, group__audience_groups__audience__in=audiences)
    ways = in_groups.select_related("recipient").order_by("recipient__email").values_list("group__audience_groups__audience", "recipient")
    ids = [(audience_id, recipient_id) for audience_id, recipient_id in ways if audience_id in members]
    people = Recipient.objects.for_tenant(schedule.tenant).in_bulk({recipient_id for _audience_id, recipient_id in ids}) if ids else {}
    for audience_id, recipient_id in ids:
        members[audience_id].append(people[recipient_id])
    return [(audience, members[audience.pk]) for audience in audiences if members[audience.pk]]


def make_deliveries(occurrence: Occurrence, made: Iterable[tuple[SnapshotJob, dict[str, Person]]], now: datetime) -> None:
    """For everybody, also for those to whom nothing is sent: the ledger is whole from the start."""
    everybody = [(job, person) for job, people in made for person in people.values()]
    if not everybody:
        return
    addresses = {person.address for _job, person in everybody}
    stopped = dict(Suppression.objects.filter(tenant=occurrence.tenant, email__in=addresses).values_list("email", "reason"))
    deliveries = [_delivery(occurrence, job, person, stopped.get(person.address, ""), now) for job, person in everybody]
    Delivery.objects.bulk_create(deliveries, batch_size=1000)


def _delivery(occurrence: Occurrence, job: SnapshotJob, person: Person, stopped: str, now: datetime) -> Delivery:
    tenant = occurrence.tenant
    why = stopped or ("" if is_allowed(tenant, person.address) else DOMAIN_NOT_ALLOWED)
    return Delivery(
        tenant=tenant,
        job=job,
        occurrence=occurrence,
        audience=person.audience,
        audience_name=person.audience.name if person.audience else "",
        recipient=person.recipient,
        address=person.address,
        name=person.name,
        language=person.language or tenant.language,
        is_copy=person.recipient is None,
        status=Status.SUPPRESSED if why else Status.PENDING,
        failure_code=why,
        created_at=now,
        ended_at=now if why else None,
    )
