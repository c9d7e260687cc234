"""Handing a job's files to people: the ledger's rows, of a single job or of an occurrence, made before there are any files.

They wait for the end of the job, which makes them due or ends them (reports/occurrences/job_ends.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery

from reports.address_book.addresses import is_allowed
from reports.models import Audience, Delivery, Destination, Recipient, SnapshotJob, Suppression
from reports.models.audiences import RecipientQuerySet
from reports.occurrences.job_ends import JOB_FAILED
from reports.occurrences.rounds import WAITS_FOR_FILES

Status = Delivery.Status
DOMAIN_NOT_ALLOWED = "domain_not_allowed"
AT_ONCE = 1000


@dataclass(frozen=True)
class Person:
    """`recipient_id` and `audience_id` None: of a schedule's CC line. `stopped`: why nothing is sent there; empty: nothing stops it."""

    address: str
    name: str = ""
    language: str = ""
    stopped: str = ""
    recipient_id: UUID | None = None
    audience_id: UUID | None = None
    audience_name: str = ""


def hand_to(job: SnapshotJob, people: Iterable[Person], now: datetime) -> list[Delivery]:
    """To everybody once, of a job that was made in this transaction. In the tenant's scope."""
    return hand_all([(job, people)], now)


def hand_all(made: Iterable[tuple[SnapshotJob, Iterable[Person]]], now: datetime) -> list[Delivery]:
    """As `hand_to`, of many jobs of one tenant."""
    deliveries = []
    for job, people in made:
        by_address: dict[str, Person] = {}
        for person in people:
            by_address.setdefault(person.address, person)
        deliveries += [new_delivery(job, person, now) for person in by_address.values()]
    return Delivery.objects.bulk_create(deliveries, batch_size=AT_ONCE)


def new_delivery(job: SnapshotJob, person: Person, now: datetime) -> Delivery:
    """Not stored. Also to one to whom nothing is sent, which says why: the ledger is whole from the start."""
    why = person.stopped or ("" if is_allowed(job.tenant, person.address) else DOMAIN_NOT_ALLOWED)
    return Delivery(
        tenant=job.tenant,
        job=job,
        occurrence=job.occurrence,
        audience_id=person.audience_id,
        audience_name=person.audience_name,
        recipient_id=person.recipient_id,
        address=person.address,
        name=person.name,
        language=person.language or job.tenant.language,
        is_copy=person.recipient_id is None,
        status=Status.SUPPRESSED if why else Status.PENDING,
        failure_code=why,
        created_at=now,
        ended_at=now if why else None,
    )


def new_shipment(job: SnapshotJob, destination: Destination, audience: Audience | None, now: datetime) -> Delivery:
    """Not stored: the job's files to a destination."""
    return Delivery(
        tenant=job.tenant,
        job=job,
        occurrence=job.occurrence,
        audience=audience,
        audience_name=audience.name if audience else "",
        channel=destination.kind,
        destination=destination,
        name=destination.name,
        language=job.tenant.language,
        created_at=now,
    )


def people_of(recipients: RecipientQuerySet, audience: Audience | None = None) -> list[Person]:
    """By address. `audience`: whose they are. In the tenant's scope; one statement."""
    stops = Suppression.objects.filter(tenant=OuterRef("tenant"), email=OuterRef("email")).values("reason")[:1]
    rows = recipients.annotate(stopped=Subquery(stops)).order_by("email")
    whose = (audience.pk, audience.name) if audience else (None, "")
    columns = rows.values_list("email", "name", "language", "stopped", "pk")
    return [Person(email, name, language, stopped or "", pk, *whose) for email, name, language, stopped, pk in columns]


def people_in(audience: Audience) -> list[Person]:
    """Named in it, or by a group. In the tenant's scope."""
    book = Recipient.objects.filter(tenant=audience.tenant_id)
    inside = Q(pk__in=audience.recipients.values("pk")) | Q(groups__in=audience.groups.values("pk"))
    return people_of(book.filter(pk__in=book.filter(inside).values("pk")), audience)


def hand_over(failed: SnapshotJob, again: SnapshotJob) -> int:
    """Who waited for the files of a single job that gave none waits for those of the job that runs it again. How many."""
    waited = Delivery.objects.for_tenant(failed.tenant).filter(job=failed, status=Status.FAILED, failure_code=JOB_FAILED)
    return waited.update(job=again, **WAITS_FOR_FILES)
