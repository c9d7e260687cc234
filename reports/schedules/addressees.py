"""Who gets an audience's rows: as people type it, one address or the name of a group a line; or as programs do, by ids."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from reports import quotas
from reports.address_book.addresses import clean_address, refuse_foreign_domain
from reports.address_book.references import references
from reports.models import Audience, AudienceGroup, AudienceRecipient, Recipient, RecipientGroup
from reports.refused import Place, Refused
from tenants.models import Tenant

MAX_PEOPLE = 5000


@dataclass
class Addressees:
    """`emails` as mail servers see them, each once; `groups` None: as they are; `faults` are sentences about what is neither."""

    emails: list[str] = field(default_factory=list)
    groups: list[RecipientGroup] | None = None
    faults: list[str] = field(default_factory=list)

    def places(self, name: str) -> list[Place]:
        return [Place((name,), "invalid", fault) for fault in self.faults]


def read(tenant: Tenant, lines: Iterable[str]) -> Addressees:
    """In the tenant's scope. A line with an @ is an address, any other the name of a group, in whatever case."""
    typed = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
    found = Addressees()
    groups: list[RecipientGroup] = []
    names = [line for line in typed if "@" not in line]
    known = {group.name.casefold(): group for group in RecipientGroup.objects.filter(tenant=tenant)} if names else {}
    for line in typed:
        if "@" in line:
            _add_address(found, tenant, line)
        elif group := known.get(line.casefold()):
            groups.append(group)
        else:
            found.faults.append(_("“%(name)s” is neither an address nor the name of a group.") % {"name": line[:120]})
    found.emails, found.groups = list(dict.fromkeys(found.emails)), groups
    if len(found.emails) > MAX_PEOPLE:
        found.faults.append(_("More than %(limit)d people. Put them into groups.") % {"limit": MAX_PEOPLE})
    return found


def by_id(tenant: Tenant, ids: Sequence[uuid.UUID]) -> Addressees:
    """In the tenant's scope: recipients of its address book, and the groups as they are. Raises Refused("unknown_reference")."""
    known = dict(Recipient.objects.for_tenant(tenant).filter(pk__in=ids).values_list("pk", "email"))
    detail = _("There is no such recipient.")
    unknown = tuple(Place(("recipients", str(number)), "does_not_exist", detail) for number, pk in enumerate(ids) if pk not in known)
    if unknown:
        raise Refused("unknown_reference", detail, unknown)
    found = Addressees()
    for email in known.values():
        _add_address(found, tenant, email)
    return found


def _add_address(found: Addressees, tenant: Tenant, line: str) -> None:
    try:
        email = clean_address(line)
        refuse_foreign_domain(tenant, email)
    except Refused as refused:
        found.faults.append(f"{line[:120]}: {refused.detail}")
    else:
        found.emails.append(email)


def lines_of(audience: Audience | None) -> list[str]:
    """As `read` takes them: groups first, then people."""
    if audience is None:
        return []
    groups = RecipientGroup.objects.filter(tenant=audience.tenant, audience_groups__audience=audience).order_by("name")
    people = Recipient.objects.for_tenant(audience.tenant).filter(memberships__audience=audience).order_by("email")
    return [*groups.values_list("name", flat=True), *people.values_list("email", flat=True)]


def told(audience: Audience) -> list[str]:
    """The same for the audit trail, which has no addresses."""
    groups = RecipientGroup.objects.filter(tenant=audience.tenant, audience_groups__audience=audience).order_by("name")
    people = Recipient.objects.for_tenant(audience.tenant).filter(memberships__audience=audience)
    return [*groups.values_list("name", flat=True), *references(people)]


def take_room(tenant: Tenant, wanted: Addressees) -> None:
    """Before anything is stored. Raises Refused where the new ones of them would be too many recipients. In the tenant's scope."""
    new = len(wanted.emails) - Recipient.objects.for_tenant(tenant).filter(email__in=wanted.emails).count()
    quotas.take_recipients(tenant, new, ("recipients",))


def put(audience: Audience, wanted: Addressees) -> tuple[list[str], list[str]]:
    """The audience gets these people and groups and no others. Returns what it had and has, as `told`. New ones become recipients."""
    before, tenant = told(audience), audience.tenant
    known = Recipient.objects.for_tenant(tenant).filter(email__in=wanted.emails)
    new = set(wanted.emails) - set(known.values_list("email", flat=True))
    # Somebody else may add the same address just now; the row is there then, and read below.
    Recipient.objects.bulk_create([Recipient(tenant=tenant, email=email) for email in sorted(new)], ignore_conflicts=True)
    AudienceRecipient.objects.filter(tenant=tenant, audience=audience).exclude(recipient__email__in=wanted.emails).delete()
    AudienceRecipient.objects.bulk_create(
        [AudienceRecipient(tenant=tenant, audience=audience, recipient=recipient) for recipient in known.all()], ignore_conflicts=True
    )
    if wanted.groups is not None:
        _put_groups(audience, wanted.groups)
    return before, told(audience)


def _put_groups(audience: Audience, groups: list[RecipientGroup]) -> None:
    AudienceGroup.objects.filter(tenant=audience.tenant, audience=audience).exclude(group__in=groups).delete()
    AudienceGroup.objects.bulk_create(
        [AudienceGroup(tenant=audience.tenant, audience=audience, group=group) for group in groups], ignore_conflicts=True
    )
