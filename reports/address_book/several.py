"""Removing several recipients at once, and putting them back: into the same groups and audiences, with the same history.

In the tenant's scope; the statements are as few for fifty as for one.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, Value, When
from django.utils.translation import gettext_lazy as _

from reports import links, quotas
from reports.models import Audience, AudienceRecipient, Delivery, GroupMember, Link, Recipient, RecipientGroup
from reports.selected import Outcome
from tenants.audit import Actor, record_each
from tenants.models import Tenant

PLAIN = ("email", "name", "language", "external_id")


@transaction.atomic
def remove(tenant: Tenant, ids: Collection[uuid.UUID], actor: Actor, now: datetime, *, revoke_links: bool = False) -> tuple[Outcome, int]:
    """Out of the book, all groups and all audiences; deliveries and links keep the address. And how many links were revoked: for good."""
    found = list(Recipient.objects.for_tenant(tenant).filter(pk__in=ids).select_for_update(of=("self",)).order_by("pk"))
    revoked = sum(links.revoke_all(links.of_address(tenant, one.email), actor, now=now) for one in found) if revoke_links else 0
    groups, audiences = _groups_of(tenant, found), _audiences_of(tenant, found)
    lines = [(one, {"groups": sorted(groups[one.pk].values())}, None) for one in found]
    record_each(actor, "recipient.removed", lines, now=now, tenant=tenant)
    outcome = Outcome(done=len(found))
    outcome.rows = [
        {name: getattr(one, name) for name in PLAIN}
        | {"id": str(one.pk), "created_at": one.created_at.isoformat(), "version": one.version}
        | {"groups": [str(pk) for pk in groups[one.pk]], "audiences": audiences[one.pk]}
        for one in found
    ]
    outcome.leave_unknown(len(set(ids)) - len(found))
    Recipient.objects.for_tenant(tenant).filter(pk__in=[one.pk for one in found]).delete()
    return outcome, revoked


def _groups_of(tenant: Tenant, people: list[Recipient]) -> dict[uuid.UUID, dict[uuid.UUID, str]]:
    """By person: the groups' names by their ids."""
    found: dict[uuid.UUID, dict[uuid.UUID, str]] = defaultdict(dict)
    members = GroupMember.objects.filter(tenant=tenant, recipient__in=people)
    for person, group, name in members.values_list("recipient", "group", "group__name"):
        found[person][group] = name
    return found


def _audiences_of(tenant: Tenant, people: list[Recipient]) -> dict[uuid.UUID, list[str]]:
    found: dict[uuid.UUID, list[str]] = defaultdict(list)
    members = AudienceRecipient.objects.filter(tenant=tenant, recipient__in=people)
    for person, audience in members.values_list("recipient", "audience"):
        found[person].append(str(audience))
    return found


def put_back(tenant: Tenant, rows: list[dict[str, Any]], actor: Actor, now: datetime) -> Outcome:
    """Groups and audiences that are gone meanwhile are left out. What was not sent to them in between is not sent now."""
    outcome, wanted = _with_room(tenant, rows)
    people = [_person(tenant, row) for row in wanted]
    Recipient.objects.bulk_create(people)
    for one, row in zip(people, wanted, strict=True):
        # The model set the present moment on the way in.
        one.created_at = datetime.fromisoformat(row["created_at"])
    Recipient.objects.bulk_update(people, ["created_at"])
    _into_groups(tenant, wanted)
    _into_audiences(tenant, wanted)
    _with_history(tenant, people)
    record_each(actor, "recipient.removal_undone", [(one, None, None) for one in people], now=now, tenant=tenant)
    outcome.done = len(people)
    return outcome


def _with_room(tenant: Tenant, rows: list[dict[str, Any]]) -> tuple[Outcome, list[dict[str, Any]]]:
    """Those whose address, id and place in the book are free. The tenant's row is held: nobody takes one of them meanwhile."""
    outcome, wanted = Outcome(), list[dict[str, Any]]()
    room = quotas.room_for_recipients(quotas.hold(tenant))
    ids = [row["external_id"] for row in rows if row["external_id"]]
    taken = list(
        Recipient.objects.for_tenant(tenant)
        .filter(Q(email__in=[row["email"] for row in rows]) | Q(external_id__in=ids))
        .values_list("email", "external_id")
    )
    addresses, external = {email for email, _id in taken}, {id for _email, id in taken if id}
    for row in rows:
        if row["email"] in addresses or row["external_id"] in external:
            outcome.leave(row["email"], _("in the list again already"))
        elif room is not None and len(wanted) >= room:
            outcome.leave(row["email"], _("the list is full"))
        else:
            wanted.append(row)
    return outcome, wanted


def _person(tenant: Tenant, row: dict[str, Any]) -> Recipient:
    # Another version than before: a program that read them before the removal is told that something happened.
    return Recipient(pk=uuid.UUID(row["id"]), tenant=tenant, version=row["version"] + 1, **{name: row[name] for name in PLAIN})


def _into_groups(tenant: Tenant, rows: list[dict[str, Any]]) -> None:
    named = {group for row in rows for group in row["groups"]}
    here = {str(pk) for pk in RecipientGroup.objects.filter(tenant=tenant, pk__in=named).values_list("pk", flat=True)}
    places = [(group, row["id"]) for row in rows for group in row["groups"] if group in here]
    GroupMember.objects.bulk_create(GroupMember(tenant=tenant, group_id=group, recipient_id=person) for group, person in places)


def _into_audiences(tenant: Tenant, rows: list[dict[str, Any]]) -> None:
    named = {audience for row in rows for audience in row["audiences"]}
    here = {str(pk) for pk in Audience.objects.filter(tenant=tenant, pk__in=named).values_list("pk", flat=True)}
    places = [(audience, row["id"]) for row in rows for audience in row["audiences"] if audience in here]
    AudienceRecipient.objects.bulk_create(
        AudienceRecipient(tenant=tenant, audience_id=audience, recipient_id=person) for audience, person in places
    )


def _with_history(tenant: Tenant, people: list[Recipient]) -> None:
    """What was sent to their address as to recipients, and its links, is theirs again. A copy of a schedule's CC line never was."""
    if not people:
        return
    addresses = [one.email for one in people]
    mails = Delivery.objects.for_tenant(tenant).filter(address__in=addresses, recipient=None, is_copy=False)
    mails.update(recipient=_whose("address", people))
    own = Q(delivery=None) | Q(delivery__is_copy=False)
    Link.objects.for_tenant(tenant).filter(own, email__in=addresses, recipient=None).update(recipient=_whose("email", people))


def _whose(column: str, people: list[Recipient]) -> Case:
    return Case(*[When(**{column: one.email}, then=Value(one.pk)) for one in people])
