"""Taking a person out of the rows of a company, table by table. In the tenant's scope; the caller's transaction holds all of it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection, models
from django.db.models import Q

from reports.erasing.hashing import address_hash
from reports.erasing.places import REWRITTEN
from reports.models import ArchiveVisit, Delivery, Download, Erasure, Link, Notice, Recipient, Schedule, Suppression, Undo
from reports.models.delivery import LinkQuerySet
from tenants.models import Tenant

# Of members, who have accounts; an address that nobody signs in with has none of them by right.
TO_MEMBERS = frozenset({Notice.Kind.RUN_FAILED, Notice.Kind.RUN_LATE, Notice.Kind.INVITATION, Notice.Kind.TEST})
# What may stand before the @ (RFC 5322's atoms); written for a bracket of both Python's and PostgreSQL's expressions.
PART_OF_A_NAME = "a-z0-9.!#$%&'*+/=?^_`{|}~-"
# One statement for a column. The cast back finds out that what came out is what the column takes.
REWRITE = """
update {table} set "{column}" = {value}
 where tenant_id = %(tenant)s and "{column}"::text ~* %(pattern)s
"""


@dataclass(frozen=True)
class Person:
    """`stand_in` takes the address's place where a row needs one: no mail server has it, and no two erased people share one."""

    tenant: Tenant
    address: str
    stand_in: str

    @property
    def pattern(self) -> str:
        return pattern_of(self.address)


def pattern_of(address: str) -> str:
    """The address as a whole: not as the end of a longer one, nor as its beginning. Of any case, where the search says so."""
    return f"(?<![{PART_OF_A_NAME}]){re.escape(address)}(?![a-z0-9-]|[.][a-z0-9])"


def person(tenant: Tenant, address: str, erasure: Erasure) -> Person:
    return Person(tenant, address, f"erased-{erasure.pk.hex[:12]}@erased.invalid")


def links_of(person: Person) -> LinkQuerySet:
    mails = Delivery.objects.for_tenant(person.tenant).filter(address=person.address)
    return Link.objects.for_tenant(person.tenant).filter(
        Q(email=person.address) | Q(recipient__email=person.address) | Q(delivery__in=mails)
    )


def take_out(person: Person, now: datetime) -> dict[str, int]:
    """Rows by table, those that are deleted and those that are changed."""
    count = Counter[str]()
    _blank_links(person, now, count)
    _hash_suppressions(person, count)
    _leave_copies(person, count)
    mails = Delivery.objects.for_tenant(person.tenant).filter(address=person.address)
    count["deliveries"] += mails.update(address=person.stand_in, name="", answer="", recipient=None)
    count["notices"] += notices_to(person).delete()[0]
    count["visits"] += ArchiveVisit.objects.for_tenant(person.tenant).filter(email=person.address).delete()[0]
    # Nobody puts back who was erased.
    Undo.objects.filter(tenant=person.tenant, act=Undo.Act.RECIPIENTS_REMOVED).delete()
    # With it go its places in groups and audiences.
    count["recipients"] += Recipient.objects.for_tenant(person.tenant).filter(email=person.address).delete()[0]
    for label, columns in REWRITTEN.items():
        for column in columns:
            count["texts"] += _rewrite(person, apps.get_model(label), column)
    return {name: number for name, number in count.items() if number}


def _blank_links(person: Person, now: datetime, count: Counter[str]) -> None:
    ids = list(links_of(person).values_list("pk", flat=True))
    links = Link.objects.for_tenant(person.tenant).filter(pk__in=ids)
    links.revoke(now)
    seen = Download.objects.filter(tenant=person.tenant, link__in=ids)
    count["downloads"] += seen.update(ip=None, user_agent="")
    count["links"] += links.update(email="", passcode="", code_sha256=None, recipient=None)


def _hash_suppressions(person: Person, count: Counter[str]) -> None:
    """Their word stays: whoever adds them again cannot mail them."""
    found = Suppression.objects.filter(tenant=person.tenant, email=person.address)
    if not found.exists():
        return
    hashed = address_hash(person.tenant, person.address)
    if Suppression.objects.filter(tenant=person.tenant, address_hmac=hashed).exists():
        count["suppressions"] += found.delete()[0]
    else:
        count["suppressions"] += found.update(email="", detail="", address_hmac=hashed)


def _leave_copies(person: Person, count: Counter[str]) -> None:
    for schedule in Schedule.objects.for_tenant(person.tenant).exclude(cc=[]).select_for_update(of=("self",)):
        cc = [address for address in schedule.cc if address.lower() != person.address]
        if len(cc) < len(schedule.cc):
            count["schedules"] += Schedule.objects.for_tenant(person.tenant).filter(pk=schedule.pk).update(cc=cc)


def notices_to(person: Person) -> models.QuerySet[Notice]:
    found = Notice.objects.filter(tenant=person.tenant, address=person.address)
    return found.exclude(kind__in=TO_MEMBERS) if is_account(person.address) else found


def is_account(address: str) -> bool:
    """Whether somebody signs in with it. Such an account is no end customer's, and nothing of it is touched."""
    return get_user_model().objects.filter(email=address).exists()


def _rewrite(person: Person, model: type[models.Model], column: str) -> int:
    field = model._meta.get_field(column)
    value = f"""regexp_replace("{column}"::text, %(pattern)s, %(stand_in)s, 'gi')"""
    if isinstance(field, models.JSONField):
        value += "::jsonb"
    elif limit := getattr(field, "max_length", None):
        value = f"left({value}, {int(limit)})"
    with connection.cursor() as cursor:
        # nosemgrep: sql-from-text - names are our own models' and columns'
        cursor.execute(
            REWRITE.format(table=model._meta.db_table, column=column, value=value),
            {"tenant": person.tenant.pk, "pattern": person.pattern, "stand_in": person.stand_in},
        )
        return cursor.rowcount
