"""Making a batch: all of its jobs, the people who get them, and the ledger of their mails, in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from reports import handing, jobs, quotas
from reports.address_book.references import reference as called
from reports.batches.checking import Checked, check
from reports.batches.items import Item
from reports.engine.pump import wake
from reports.erasing.hashing import recall
from reports.handing import Person
from reports.models import Batch, Recipient
from tenants.audit import Actor, record
from tenants.models import Tenant


@transaction.atomic
def create(tenant: Tenant, actor: Actor, reference: str, items: Sequence[Item], now: datetime) -> Batch:
    """Raises Refused, and has made nothing then: "batch_invalid" names the lines, "quota_exceeded" and "queue_full" are of all together.

    In the tenant's scope.
    """
    lines = check(tenant, actor, reference, items, now)
    quotas.take_jobs(tenant, len(lines), now)
    batch = Batch.objects.create(
        tenant=tenant,
        reference=reference,
        actor=actor.label,
        api_key_id=actor.api_key_id,
        total=len(lines),
        open_jobs=len(lines),
        created_at=now,
    )
    for line in lines:
        line.job.batch = batch
    jobs.enqueue([line.job for line in lines], now)
    added = _hand_out(tenant, lines, now)
    told = {"jobs": len(lines), "recipients_added": [called(person.pk) for person in added]}
    record(actor, "batch.created", now=now, tenant=tenant, about=batch, after=told)
    for account_id in {line.job.account_id for line in lines}:
        # Robust as in `jobs.submit`: the batch is stored, whatever becomes of the wake-up.
        transaction.on_commit(partial(wake, account_id), robust=True)
    return batch


def _hand_out(tenant: Tenant, lines: Iterable[Checked], now: datetime) -> list[Recipient]:
    """Those who were not in the address book before."""
    addresses = {address for line in lines for address in line.addresses}
    if not addresses:
        return []
    added = _add(tenant, addresses)
    people = _people(tenant, addresses)
    handing.hand_all([(line.job, [people[address] for address in line.addresses]) for line in lines], now)
    return added


def _add(tenant: Tenant, addresses: set[str]) -> list[Recipient]:
    known = set(Recipient.objects.for_tenant(tenant).filter(email__in=addresses).values_list("email", flat=True))
    new = [Recipient(tenant=tenant, email=address) for address in sorted(addresses - known)]
    quotas.take_recipients(tenant, len(new), ("items",))
    # Somebody may add the same person by a page at this moment: then they are there.
    Recipient.objects.bulk_create(new, ignore_conflicts=True)
    recall(tenant, [person.email for person in new])
    return new


def _people(tenant: Tenant, addresses: set[str]) -> dict[str, Person]:
    people = handing.people_of(Recipient.objects.for_tenant(tenant).filter(email__in=addresses))
    return {person.address: person for person in people}
