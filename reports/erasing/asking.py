"""Erasing one person: what stands against it is said before anything changes; then all rows at once, with record and audit row."""

from __future__ import annotations

import re
import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from reports.address_book.addresses import clean_address
from reports.erasing import rows
from reports.erasing.hashing import address_hash
from reports.erasing.rows import Person
from reports.legal_hold import refuse_held
from reports.links.job_ends import made_again
from reports.models import Delivery, Erasure, Link, Occurrence, Recipient, Schedule, SnapshotFile, SnapshotJob
from reports.models.sending import Outgoing
from reports.occurrences.settling import settle
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant

MOST_REASON = 300
ERASED = "erased"


def erase(tenant: Tenant, actor: Actor, address: str, because: str, *, now: datetime) -> Erasure:
    """The record; objects go afterwards, see objects.py. In the tenant's scope.

    Raises Refused, and has changed nothing then: under a legal hold, without a reason, while a mail to the person leaves, or while a report
    for them alone is being made.
    """
    address, because = clean_address(address), _reason(because)
    erasure = Erasure(tenant=tenant, address_hmac=address_hash(tenant, address), by=actor.label, reason=because, at=now)
    person = rows.person(tenant, address, erasure)
    _refuse_named(person, because)
    with transaction.atomic():
        # Locked: a hold that begins meanwhile comes after, and nobody plans a mail to the person.
        refuse_held(Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk))
        _lock_plans(person)
        stopped = _stop_mails(person, now)
        alone = _made_for(person)
        erasure.save(force_insert=True)
        files = SnapshotFile.objects.for_tenant(tenant).kept().filter(job__in=alone).update(erasure=erasure)
        erasure.removed = {"rows": rows.take_out(person, now), "files": files}
        erasure.ended_at = None if files else now
        erasure.save(update_fields=["removed", "ended_at"])
        for occurrence_id in sorted(stopped):
            settle(occurrence_id, now)
        record(actor, "person.erased", now=now, tenant=tenant, about=erasure, after={"because": because} | erasure.removed)
    return erasure


def _reason(text: str) -> str:
    because = " ".join(text.split())
    if not 0 < len(because) <= MOST_REASON:
        detail = _("Say in 1 to %(limit)d characters why.") % {"limit": MOST_REASON}
        raise Refused("reason_missing", detail, (Place(("because",), "invalid", detail),))
    return because


def _refuse_named(person: Person, because: str) -> None:
    if re.search(person.pattern, because, re.IGNORECASE):
        detail = _("The reason stays on record. Say it without the address that is to be erased.")
        raise Refused("reason_names_person", detail, (Place(("because",), "invalid", detail),))


def _lock_plans(person: Person) -> None:
    """Who plans a run at this moment either has done so, and its mails are found below, or reads the lists without the person."""
    people = Recipient.objects.for_tenant(person.tenant).filter(email=person.address)
    list(people.select_for_update(of=("self",)).values_list("pk", flat=True))
    copied = Schedule.objects.for_tenant(person.tenant).filter(cc__icontains=person.address)
    runs = Occurrence.objects.for_tenant(person.tenant).filter(schedule__in=copied, status=Occurrence.Status.PLANNED)
    list(runs.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))


def _stop_mails(person: Person, now: datetime) -> set[uuid.UUID]:
    """What waits is not sent any more; the runs whose mails these were. Raises Refused while a courier has one in hand."""
    stopped = set()
    mails = Delivery.objects.for_tenant(person.tenant).filter(address=person.address)
    for found in (mails, rows.notices_to(person)):
        for mail in found.filter(status__in=Outgoing.OPEN).order_by("pk").select_for_update(of=("self",)):
            if mail.lease_until and mail.lease_until > now:
                detail = _("An email to this person is leaving at this moment. Nothing was erased; try again in five minutes.")
                raise Refused("mail_leaving", detail)
            ended = {"status": Outgoing.Status.SUPPRESSED, "failure_code": ERASED, "next_try_at": None, "lease_until": None}
            found.filter(pk=mail.pk).update(**ended, ended_at=now)
            if isinstance(mail, Delivery) and mail.occurrence_id:
                stopped.add(mail.occurrence_id)
    return stopped


def _made_for(person: Person) -> set[uuid.UUID]:
    """Jobs that nobody else was sent or given; also those that prepared their files again, or corrected them.

    Raises Refused while one of them moves.
    """
    mine = Delivery.objects.for_tenant(person.tenant).filter(address=person.address).values_list("job_id", flat=True)
    found, newer = set[uuid.UUID](), _alone(person, set(mine))
    while newer - found:
        found |= newer
        jobs = SnapshotJob.objects.for_tenant(person.tenant)
        follows = made_again(person.tenant, jobs.filter(pk__in=found)) | set(jobs.filter(replaces__in=found).values_list("pk", flat=True))
        newer = _alone(person, follows)
    if SnapshotJob.objects.for_tenant(person.tenant).filter(pk__in=found).moving().exists():
        detail = _("A report for this person alone is being made. Nothing was erased; wait until it is done, or cancel it, and try again.")
        raise Refused("report_being_made", detail)
    return found


def _alone(person: Person, jobs: set[uuid.UUID]) -> set[uuid.UUID]:
    others = Delivery.objects.for_tenant(person.tenant).filter(job__in=jobs).exclude(address=person.address)
    handed = Link.objects.for_tenant(person.tenant).filter(job__in=jobs).exclude(pk__in=rows.links_of(person).values("pk"))
    return jobs - set(others.values_list("job_id", flat=True)) - set(handed.values_list("job_id", flat=True))
