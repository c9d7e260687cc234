"""Adding, changing and removing a recipient. Each call is one act of the audit trail, inside the tenant's scope."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from reports import quotas
from reports.address_book import several
from reports.address_book.addresses import clean_address, refuse_foreign_domain
from reports.address_book.words import language_fault, name_fault, places
from reports.erasing.hashing import recall
from reports.models import GroupMember, Recipient, RecipientGroup
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant


@dataclass(frozen=True)
class Person:
    """A recipient as they are to be. `language` empty: the tenant's. `groups`: ids; `external_id`: the company's own; None: as they are."""

    email: str
    name: str = ""
    language: str = ""
    groups: frozenset[uuid.UUID] | None = None
    external_id: str | None = None


def add(tenant: Tenant, actor: Actor, wanted: Person, *, now: datetime) -> Recipient:
    """Raises Refused with the places email, name, language, groups; nothing was stored then."""
    values = _checked(tenant, wanted)
    recipient = Recipient(tenant=tenant, **values)
    with transaction.atomic():
        quotas.take_recipients(tenant, 1)
        _save(recipient, force_insert=True)
        recall(tenant, [recipient.email])
        groups = _set_groups(recipient, wanted.groups)
        record(actor, "recipient.added", now=now, tenant=tenant, about=recipient, after=values | {"groups": groups})
    return recipient


def change(recipient: Recipient, actor: Actor, wanted: Person, *, now: datetime) -> None:
    """Counts from the next run: what was made ready for the old address still goes there, and links sent there stay as they are.

    Raises Refused as `add` does. Saving what is there already writes nothing.
    """
    tenant = recipient.tenant
    values = _checked(tenant, wanted, known=recipient.email)
    before = {name: getattr(recipient, name) for name in values} | {"groups": _group_names(recipient)}
    with transaction.atomic():
        for name, value in values.items():
            setattr(recipient, name, value)
        _save(recipient, update_fields=list(values))
        recall(tenant, [recipient.email])
        after = values | {"groups": _set_groups(recipient, wanted.groups)}
        changed = [name for name in after if after[name] != before[name]]
        if changed:
            record(
                actor,
                "recipient.changed",
                now=now,
                tenant=tenant,
                about=recipient,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )


def remove(recipient: Recipient, actor: Actor, *, revoke_links: bool, now: datetime) -> int:
    """One alone, as reports/address_book/several.py does. Returns how many links were revoked."""
    return several.remove(recipient.tenant, [recipient.pk], actor, now, revoke_links=revoke_links)[1]


def _checked(tenant: Tenant, wanted: Person, *, known: str = "") -> dict[str, str]:
    """The columns. All faults at once, so that a form shows them all. `known`: an address that was taken before, and may stay."""
    name, email, code = wanted.name.strip(), wanted.email, "bad_recipient"
    faults: list[Place] = []
    try:
        email = clean_address(wanted.email)
        if email != known:
            refuse_foreign_domain(tenant, email)
    except Refused as refused:
        faults += refused.places
        code = refused.code
    faults += places(name=name_fault(name), language=language_fault(wanted.language))
    if faults:
        raise Refused(code, " ".join(place.detail for place in faults), tuple(faults))
    values = {"email": email, "name": name, "language": wanted.language}
    return values if wanted.external_id is None else values | {"external_id": wanted.external_id}


def _save(recipient: Recipient, **how: Any) -> None:
    try:
        with transaction.atomic():
            recipient.save(**how)
    except IntegrityError as error:
        if "one_recipient_per_external_id" in str(error):
            detail = _("Another recipient has the external id %(id)s.") % {"id": recipient.external_id}
            raise Refused("address_taken", detail, (Place(("external_id",), "unique", detail),)) from error
        detail = _("%(email)s is in the list already.") % {"email": recipient.email}
        raise Refused("address_taken", detail, (Place(("email",), "unique", detail),)) from error


def _set_groups(recipient: Recipient, wanted: Iterable[uuid.UUID] | None) -> list[str]:
    """The names of their groups afterwards. Ids that are no groups of the tenant are refused."""
    if wanted is None:
        return _group_names(recipient)
    tenant, wanted = recipient.tenant, set(wanted)
    groups = list(RecipientGroup.objects.filter(tenant=tenant, pk__in=wanted))
    if len(groups) < len(wanted):
        detail = _("One of these groups is gone. Choose again.")
        raise Refused("unknown_group", detail, (Place(("groups",), "does_not_exist", detail),))
    members = GroupMember.objects.filter(tenant=tenant, recipient=recipient)
    members.exclude(group__in=groups).delete()
    GroupMember.objects.bulk_create(
        [GroupMember(tenant=tenant, group=group, recipient=recipient) for group in groups], ignore_conflicts=True
    )
    return sorted(group.name for group in groups)


def _group_names(recipient: Recipient) -> list[str]:
    names = RecipientGroup.objects.filter(tenant=recipient.tenant, members__recipient=recipient).values_list("name", flat=True)
    return sorted(names)
