"""Stopping a company's mails to one address, and starting them again, by a link that only the mail holds.

The link's token names the mail's row and is signed, so nothing is stored for it. It can do no more than stop and start the mails of that
company to the address which that mail went to.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import uuid
from datetime import datetime

from django.conf import settings

from reports.address_book.references import reference
from reports.models import Delivery, Notice, Recipient, Suppression
from tenants import digest
from tenants.audit import Actor, record
from tenants.models import Membership, Tenant
from tenants.secrets import derived_tokens

PURPOSE = "stop the mails"
ID_LENGTH = 22  # of 16 bytes in URL-safe base64
Mail = Delivery | Notice


def unsubscribe_url(mail: Mail) -> str:
    """For the mail's text and its List-Unsubscribe header; the same on every try. Never logged."""
    return f"{settings.PORTAL_BASE_URL}/u/{mail.tenant.code}/{_id(mail.pk)}{_signatures(mail.pk)[0]}"


def find(tenant: Tenant, token: str) -> Mail | None:
    """In the tenant's scope. Whatever the token is, it costs the same: two look-ups and the comparisons."""
    mail_id = _read_id(token[:ID_LENGTH])
    found: list[Mail | None] = [
        model.objects.filter(tenant=tenant).select_related("tenant").filter(pk=mail_id).first() for model in (Delivery, Notice)
    ]
    signed = [hmac.compare_digest(token[ID_LENGTH:].encode(), signature.encode()) for signature in _signatures(mail_id)]
    return (found[0] or found[1]) if any(signed) else None


def is_digest(mail: Mail) -> bool:
    """An owner's own mail about their company: stopping it stops nothing else."""
    return isinstance(mail, Notice) and mail.kind == Notice.Kind.DIGEST


def suppression(mail: Mail) -> Suppression | None:
    """What stops a company's mails to the address. None: nothing does."""
    return Suppression.objects.filter(tenant=mail.tenant, email=mail.address.lower()).first()


def stop(mail: Mail, actor: Actor, *, now: datetime) -> None:
    """Every mail that was not handed over yet stays here too: the courier looks right before it sends. Twice changes nothing."""
    if is_digest(mail):
        _want_digest(mail, actor, False, now)
        return
    _row, is_new = Suppression.objects.get_or_create(
        tenant=mail.tenant, email=mail.address.lower(), defaults={"reason": Suppression.Reason.UNSUBSCRIBED, "at": now}
    )
    if is_new:
        record(actor, "recipient.unsubscribed", now=now, tenant=mail.tenant, about=mail, after=_person(mail))


def start_again(mail: Mail, actor: Actor, *, now: datetime) -> None:
    """Takes back the person's own word, and no other reason: an address that bounced still does."""
    if is_digest(mail):
        _want_digest(mail, actor, True, now)
        return
    stopped = Suppression.objects.filter(tenant=mail.tenant, email=mail.address.lower(), reason=Suppression.Reason.UNSUBSCRIBED)
    if stopped.delete()[0]:
        record(actor, "recipient.resubscribed", now=now, tenant=mail.tenant, about=mail, after=_person(mail))


def wants_digest(mail: Mail) -> bool:
    return Membership.objects.filter(tenant=mail.tenant, user__email__iexact=mail.address, digest=True).exists()


def _want_digest(mail: Mail, actor: Actor, wants: bool, now: datetime) -> None:
    member = Membership.objects.filter(tenant=mail.tenant, user__email__iexact=mail.address).first()
    if member and member.digest != wants:
        digest.want(member, actor, wants, now=now)


def _person(mail: Mail) -> dict[str, str] | None:
    """For the audit trail. None: not in the address book."""
    found = Recipient.objects.for_tenant(mail.tenant).filter(email=mail.address.lower()).first()
    return {"person": reference(found.pk)} if found else None


def _id(mail_id: uuid.UUID) -> str:
    return base64.urlsafe_b64encode(mail_id.bytes).rstrip(b"=").decode()


def _read_id(text: str) -> uuid.UUID:
    """Of what cannot be one, the id that no row has: the same work is done with it."""
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(f"{text}=="))
    except (ValueError, binascii.Error):
        return uuid.UUID(int=0)


def _signatures(mail_id: uuid.UUID) -> list[str]:
    return list(derived_tokens(PURPOSE, str(mail_id)))
