"""Asking people to become members: by the page of members and by the platform file alike. In the tenant's scope."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from reports import notices, quotas
from reports.address_book.addresses import clean_address
from reports.models import Notice
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Invitation, Membership, Tenant
from tenants.models.members import Role

MOST_AT_ONCE = 50
# Each is a mail to whoever the inviter names: without a limit a company could mail strangers by the thousand.
MOST_A_DAY = 100


def invite(tenant: Tenant, addresses: Iterable[str], role: Role, actor: Actor, now: datetime) -> list[Invitation]:
    """All of them or none. An address with an open invitation gets a new one, and the old one ends. Raises Refused."""
    wanted = list(dict.fromkeys(_clean(address) for address in addresses))
    members = set(Membership.objects.filter(tenant=tenant, user__email__in=wanted).values_list("user__email", flat=True))
    if already := [address for address in wanted if address in members]:
        _refuse(_("Members already: %(emails)s.") % {"emails": ", ".join(already[:5])})
    if not wanted:
        _refuse(_("Name at least one address."))
    if len(wanted) > MOST_AT_ONCE:
        _refuse(_("These are %(count)d addresses; at most %(most)d can be invited at once.") % {"count": len(wanted), "most": MOST_AT_ONCE})
    _refuse_too_many(tenant, len(wanted), now)
    return [send(tenant, address, role, actor, now) for address in wanted]


def send(tenant: Tenant, email: str, role: str, actor: Actor, now: datetime) -> Invitation:
    """One invitation and its mail, in place of those that the address has. The mail's writer makes the token again; nobody keeps it."""
    Invitation.objects.filter(tenant=tenant, email=email, accepted_at=None).delete()
    invitation, _token = Invitation.issue(tenant, email, role, now, invited_by=actor.label if actor.user_id else "")
    record(actor, "invitation.sent", now=now, tenant=tenant, about=invitation, after={"email": email, "role": role})
    ask_for_mail(invitation, now)
    return invitation


def ask_for_mail(invitation: Invitation, now: datetime) -> None:
    key, data = f"invitation:{invitation.pk}", {"invitation": str(invitation.pk)}
    notices.ask_for(invitation.tenant, Notice.Kind.INVITATION, key, invitation.email, now=now, data=data)


def withdraw(tenant: Tenant, invitation: Invitation, actor: Actor, now: datetime) -> None:
    before = {"email": invitation.email, "role": invitation.role}
    record(actor, "invitation.withdrawn", now=now, tenant=tenant, about=invitation, before=before)
    Invitation.objects.filter(tenant=tenant, pk=invitation.pk).delete()


def _clean(address: str) -> str:
    try:
        return clean_address(address)
    except Refused as refused:
        _refuse(f"{address[:80]}: {refused.detail}")
        raise


def _refuse_too_many(tenant: Tenant, more: int, now: datetime) -> None:
    quotas.hold(tenant)
    sent = Notice.objects.filter(tenant=tenant, kind=Notice.Kind.INVITATION, created_at__gt=now - timedelta(days=1)).count()
    if sent + more > MOST_A_DAY:
        _refuse(_("At most %(most)d invitations can be sent within a day. Try again tomorrow.") % {"most": MOST_A_DAY})


def _refuse(detail: str) -> None:
    raise Refused("bad_invitation", detail, (Place(("emails",), "invalid", detail),))
