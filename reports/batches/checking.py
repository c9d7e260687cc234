"""Judging all lines of a batch, and naming every one that is wrong. Reads only, and the same few statements however long the batch is."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports import jobs
from reports.address_book.addresses import clean_address, refuse_foreign_domain
from reports.batches.items import MOST_DELIVERIES, MOST_ITEMS, MOST_PEOPLE, Item
from reports.caller_notes import check_notes
from reports.models import Grant, Recipient, SnapshotJob
from reports.refused import Place, Refused
from tenants.audit import Actor
from tenants.models import Tenant

MOST_PLACES = 100


@dataclass(frozen=True)
class Checked:
    """A line that is right: its job, not stored, and the addresses that get its files, each once."""

    job: SnapshotJob
    addresses: list[str]


def check(
    tenant: Tenant, actor: Actor, reference: str, items: Sequence[Item], now: datetime, *, most_places: int | None = MOST_PLACES
) -> list[Checked]:
    """One for each item. Raises Refused("batch_invalid") with places such as ("items", "17", "report"). In the tenant's scope.

    `most_places`: so many are named at most; None: all of them.
    """
    check_notes(reference)
    if not 1 <= len(items) <= MOST_ITEMS:
        detail = _("A batch has 1 to %(limit)d lines; this one has %(count)d.") % {"limit": MOST_ITEMS, "count": len(items)}
        raise Refused("batch_invalid", detail, (Place(("items",), "max_items" if items else "required", detail),))
    judge = _Judge(tenant, actor, items, now)
    checked = [judge.judge(number, item) for number, item in enumerate(items)]
    right = [single for single in checked if single is not None]
    if len(right) < len(items):
        raise Refused("batch_invalid", _nothing_made(len(items) - len(right)), tuple(judge.faults[:most_places]))
    if (count := sum(len(single.addresses) for single in right)) > MOST_DELIVERIES:
        numbers = {"limit": MOST_DELIVERIES, "count": count}
        detail = _("A batch sends at most %(limit)d mails, and this one would send %(count)d. Divide it.") % numbers
        raise Refused("batch_invalid", detail, (Place(("items",), "max_items", detail),))
    return right


def _nothing_made(wrong: int) -> str:
    told = ngettext("%(count)d line is wrong. Nothing was made.", "%(count)d lines are wrong. Nothing was made.", wrong)
    return told % {"count": wrong}


class _Judge:
    """What is known before any line is judged."""

    def __init__(self, tenant: Tenant, actor: Actor, items: Sequence[Item], now: datetime) -> None:
        self.tenant, self.actor, self.now = tenant, actor, now
        slugs = {item.report for item in items}
        grants = Grant.objects.for_tenant(tenant).active().with_report().filter(report__slug__in=slugs)
        self.grants = {grant.report.slug: grant for grant in grants}
        book = Recipient.objects.for_tenant(tenant)
        wanted = {pk for item in items for pk in item.recipients}
        self.by_id: dict[uuid.UUID, str] = dict(book.filter(pk__in=wanted).values_list("pk", "email")) if wanted else {}
        self.cleaned = {text: _cleaned(text) for item in items for text in item.emails}
        emails = [found for found in self.cleaned.values() if isinstance(found, str)]
        self.known = set(book.filter(email__in=emails).values_list("email", flat=True)) if emails else set()
        self.faults: list[Place] = []

    def judge(self, number: int, item: Item) -> Checked | None:
        """None: it is wrong, and `faults` says how."""
        faults: list[Place] = []
        job = None
        try:
            job = self._job(item)
        except Refused as refused:
            faults += refused.places or (Place((), refused.code, refused.detail),)
        faults += self._faults_of_people(item)
        self.faults += [Place(("items", str(number), *fault.path), fault.code, fault.detail) for fault in faults]
        return Checked(job, self._addresses(item)) if job and not faults else None

    def _job(self, item: Item) -> SnapshotJob:
        grant = self.grants.get(item.report)
        if grant is None:
            raise jobs.not_available()
        if item.lane not in jobs.LANES:
            detail = _("A lane is one of %(known)s.") % {"known": ", ".join(jobs.LANES)}
            raise Refused("invalid_request", detail, (Place(("lane",), "invalid_choice", detail),))
        wanted = jobs.Wanted(
            item.report,
            list(item.formats),
            item.parameters,
            list(item.visuals),
            jobs.LANES[item.lane],
            SnapshotJob.Trigger.BATCH,
            reference=item.reference,
            metadata=item.metadata,
        )
        return jobs.check(self.tenant, self.actor, wanted, grant=grant, now=self.now)

    def _faults_of_people(self, item: Item) -> Iterator[Place]:
        if len(item.recipients) + len(item.emails) > MOST_PEOPLE:
            detail = _("At most %(limit)d people get the files of one line.") % {"limit": MOST_PEOPLE}
            yield Place(("recipients",), "max_items", detail)
            return
        for position, pk in enumerate(item.recipients):
            if pk not in self.by_id:
                yield Place(("recipients", str(position)), "does_not_exist", _("There is no such recipient."))
        for position, text in enumerate(item.emails):
            if fault := self._fault_of_address(self.cleaned[text]):
                yield Place(("emails", str(position)), fault.code, fault.detail)

    def _fault_of_address(self, address: str | Refused) -> Refused | None:
        if isinstance(address, Refused):
            return address
        try:
            if address not in self.known:
                refuse_foreign_domain(self.tenant, address)
        except Refused as refused:
            return refused
        return None

    def _addresses(self, item: Item) -> list[str]:
        named = [self.by_id[pk] for pk in item.recipients]
        return list(dict.fromkeys(named + [str(self.cleaned[text]) for text in item.emails]))


def _cleaned(text: str) -> str | Refused:
    try:
        return clean_address(text)
    except Refused as refused:
        return refused
