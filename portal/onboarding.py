"""A new company, by platform staff on a page: made with its tags, its reports and the invitation of its first owner, or not at all.

Each step is the one that the platform file and the other pages take, so that none of them knows a rule that the others do not.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from portal import inviting
from reports import granting
from reports.models import Report
from reports.refused import Place, Refused
from tenants import founding, session_tags
from tenants.audit import Actor, record
from tenants.membership import members
from tenants.models import Invitation, Tenant, User
from tenants.models.members import Role
from tenants.scope import staff_scope, tenant_scope

# Names that are tried for a taken one: acme-2, acme-3 and so on.
MOST_TRIED = 100


@dataclass(frozen=True)
class Wanted:
    """`id`: of the form, so that a form sent twice makes one company. `reports`: of the catalogue."""

    id: uuid.UUID
    name: str
    slug: str
    timezone: str
    session_tags: dict[str, str]
    reports: list[Report]
    owner: str


def begin(wanted: Wanted, staff: User, actor: Actor, now: datetime) -> tuple[Tenant, bool]:
    """The company, and whether it is new. Raises Refused, and has made nothing then. Outside any scope."""
    try:
        with transaction.atomic():
            return _begin(wanted, staff, actor, now)
    except IntegrityError:
        # Somebody was quicker, with this form or with this slug.
        with staff_scope(staff):
            first = Tenant.objects.filter(pk=wanted.id).first()
            if first is not None:
                return first, False
            raise _taken(wanted.slug) from None


def _begin(wanted: Wanted, staff: User, actor: Actor, now: datetime) -> tuple[Tenant, bool]:
    with staff_scope(staff):
        first = Tenant.objects.filter(pk=wanted.id).first()
        if first is not None:
            return first, False
        if Tenant.objects.filter(slug=wanted.slug).exists():
            raise _taken(wanted.slug)
        tenant = Tenant(pk=wanted.id, slug=wanted.slug, name=wanted.name, timezone=wanted.timezone)
        if founding.lacks_bucket(tenant):
            raise Refused("bucket_missing", _("PORTAL_BUCKET is not set, so its files would have no place. Set it, then make the company."))
        founding.found(tenant)
    with tenant_scope(tenant):
        about = {"slug": tenant.slug, "name": tenant.name, "timezone": tenant.timezone}
        record(actor, "tenant.created", now=now, tenant=tenant, about=tenant, after=about)
        _give_tags(tenant, wanted.session_tags, actor, now)
        for report in wanted.reports:
            _grant(tenant, report, actor, now)
        _invite(tenant, wanted.owner, actor, now)
    return tenant, True


def invite_owner(tenant: Tenant, email: str, actor: Actor, now: datetime) -> Invitation:
    """The first one, also in place of an invitation that went astray. Raises Refused where it has one. In the tenant's scope."""
    if any(member.role == Role.OWNER for member in members(tenant)):
        detail = _("It has an owner, who invites whoever is missing.")
        raise Refused("has_owner", detail, (Place(("owner",), "invalid", detail),))
    Invitation.objects.filter(tenant=tenant, role=Role.OWNER, accepted_at=None).delete()
    return _invite(tenant, email, actor, now)


def free_slug(slug: str) -> str:
    """One that nobody has; empty: none was found. In staff's scope."""
    base = slug[:58].rstrip("-_")
    wanted = [slug, *(f"{base}-{number}" for number in range(2, MOST_TRIED))]
    taken = set(Tenant.objects.filter(slug__in=wanted).values_list("slug", flat=True)) | founding.RESERVED_SLUGS
    return next((one for one in wanted if one not in taken), "")


def _give_tags(tenant: Tenant, tags: dict[str, str], actor: Actor, now: datetime) -> None:
    if not tags:
        return
    session_tags.lock(tenant)
    session_tags.write(tenant, tags)
    record(actor, "session_tags.changed", now=now, tenant=tenant, before={}, after=tags)


def _grant(tenant: Tenant, report: Report, actor: Actor, now: datetime) -> None:
    try:
        granting.grant(tenant, report, actor, _("Granted when the company was made."), now)
    except Refused as refused:
        detail = f"{report.name}: {refused.detail}"
        raise Refused(refused.code, detail, (Place(("reports",), "invalid", detail),)) from refused


def _invite(tenant: Tenant, email: str, actor: Actor, now: datetime) -> Invitation:
    """By the platform, which may always: staff are no members whose right could be asked for when it is accepted."""
    try:
        (invitation,) = inviting.invite(tenant, [email], Role.OWNER, replace(actor, user_id=None), now)
    except Refused as refused:
        raise Refused(refused.code, refused.detail, (Place(("owner",), "invalid", refused.detail),)) from refused
    return invitation


def _taken(slug: str) -> Refused:
    free = free_slug(slug)
    detail = _("Another company has the slug “%(slug)s”.") % {"slug": slug}
    if free:
        detail += " " + _("“%(free)s” is free.") % {"free": free}
    return Refused("slug_taken", detail, (Place(("slug",), "unique", detail),))
