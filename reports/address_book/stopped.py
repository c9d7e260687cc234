"""Addresses that nothing is sent to, and taking that back. Stopping is the person's own word, or that of their mail server."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from reports.models import Recipient, Suppression
from reports.refused import Refused
from tenants.audit import Actor, record
from tenants.models import Tenant

Reason = Suppression.Reason
# What the person themselves did. Nobody may undo that for them, or stopping would mean nothing.
OWN_WORD = {
    Reason.UNSUBSCRIBED: _("This person stopped the emails. Only they can start them again, with the link at the end of an email."),
    Reason.COMPLAINED: _("This person marked an email as spam. To send there again would harm all the mail that you send."),
}


def send_again(tenant: Tenant, email: str, actor: Actor, *, now: datetime) -> None:
    """Lift what a bounce stopped. Raises Refused for an address that its person stopped; does nothing for one that is not stopped."""
    with transaction.atomic():
        found = Suppression.objects.filter(tenant=tenant, email=email).select_for_update().first()
        if found is None:
            return
        if found.reason != Reason.BOUNCED:
            raise Refused("stopped_by_person", str(OWN_WORD[Reason(found.reason)]))
        person = Recipient.objects.for_tenant(tenant).filter(email=email).first()
        record(actor, "recipient.send_again", now=now, tenant=tenant, about=person or found, before={"reason": found.reason})
        found.delete()
