"""Groups: a name for several recipients. An audience that names a group means everybody who is in it when the schedule runs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from reports.address_book.references import reference, references
from reports.address_book.words import group_name_fault, places
from reports.models import GroupMember, Recipient, RecipientGroup
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant


def add(tenant: Tenant, actor: Actor, name: str, *, now: datetime) -> RecipientGroup:
    """Raises Refused with the place `name`."""
    group = RecipientGroup(tenant=tenant, name=_checked(tenant, name))
    with transaction.atomic():
        _save(group, force_insert=True)
        record(actor, "group.added", now=now, tenant=tenant, about=group, after={"name": group.name})
    return group


def rename(group: RecipientGroup, actor: Actor, name: str, *, now: datetime) -> None:
    before, group.name = group.name, _checked(group.tenant, name, group)
    if group.name == before:
        return
    with transaction.atomic():
        _save(group, update_fields=["name"])
        record(actor, "group.renamed", now=now, tenant=group.tenant, about=group, before={"name": before}, after={"name": group.name})


def remove(group: RecipientGroup, actor: Actor, *, now: datetime) -> None:
    """Its people stay in the book. Schedules that named it send to them no more, unless something else names them."""
    with transaction.atomic():
        people = references(Recipient.objects.for_tenant(group.tenant).filter(groups=group))
        record(actor, "group.removed", now=now, tenant=group.tenant, about=group, before={"name": group.name, "people": people})
        RecipientGroup.objects.filter(tenant=group.tenant, pk=group.pk).delete()


def join(group: RecipientGroup, actor: Actor, recipients: Iterable[Recipient], *, now: datetime) -> int:
    """How many were not in it before."""
    inside = set(GroupMember.objects.filter(tenant=group.tenant, group=group).values_list("recipient_id", flat=True))
    joining = [recipient for recipient in recipients if recipient.pk not in inside]
    with transaction.atomic():
        rows = [GroupMember(tenant=group.tenant, group=group, recipient=recipient) for recipient in joining]
        GroupMember.objects.bulk_create(rows, ignore_conflicts=True)
        if joining:
            _record_people("group.joined", group, actor, joining, now)
    return len(joining)


def leave(group: RecipientGroup, actor: Actor, recipients: Iterable[Recipient], *, now: datetime) -> int:
    """How many were in it."""
    members = GroupMember.objects.filter(tenant=group.tenant, group=group, recipient__in=list(recipients))
    leaving = [member.recipient for member in members.select_related("recipient")]
    with transaction.atomic():
        members.delete()
        if leaving:
            _record_people("group.left", group, actor, leaving, now)
    return len(leaving)


def _record_people(action: str, group: RecipientGroup, actor: Actor, people: list[Recipient], now: datetime) -> None:
    after = {"name": group.name, "people": sorted(reference(person.pk) for person in people)}
    record(actor, action, now=now, tenant=group.tenant, about=group, after=after)


def _checked(tenant: Tenant, name: str, group: RecipientGroup | None = None) -> str:
    """Two names that differ in case only would be one for who reads them, and for lists."""
    name = " ".join(name.split())
    fault = group_name_fault(name)
    if fault:
        raise Refused("bad_group", fault, places(name=fault))
    same = RecipientGroup.objects.filter(tenant=tenant, name__iexact=name)
    if (same.exclude(pk=group.pk) if group else same).exists():
        raise _taken(name)
    return name


def _save(group: RecipientGroup, **how: Any) -> None:
    try:
        with transaction.atomic():
            group.save(**how)
    except IntegrityError as error:
        raise _taken(group.name) from error


def _taken(name: str) -> Refused:
    detail = _("There is a group “%(name)s” already.") % {"name": name}
    return Refused("group_name_taken", detail, (Place(("name",), "unique", detail),))
