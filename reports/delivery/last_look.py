"""Right before a message is sent: is it still wanted? Between planning and sending people stop mails, leave, and revoke."""

from __future__ import annotations

from django.db.models import Q

from reports.models import Audience, AudienceGroup, AudienceRecipient, Delivery, Grant, Link, Notice, Suppression

# What a person asked for a moment ago, at our page, comes although they stopped the regular mails.
ASKED_FOR = {Notice.Kind.NEW_LINK, Notice.Kind.CODE, Notice.Kind.TEST, Notice.Kind.INVITATION}


def reason_not_to_send(outgoing: Delivery | Notice) -> str:
    """A code of failures.py; empty: send it. In the tenant's scope."""
    reason = _suppressed(outgoing)
    if reason or isinstance(outgoing, Notice):
        return reason
    schedule = outgoing.occurrence.schedule if outgoing.occurrence else None
    if schedule and schedule.retired_at:
        return "schedule_retired"
    if not Grant.objects.filter(tenant=outgoing.tenant, report=outgoing.job.report_id, withdrawn_at=None).exists():
        return "report_withdrawn"
    if schedule and not outgoing.is_copy and not _still_in_audience(outgoing):
        return "recipient_removed"
    revoked = Link.objects.for_tenant(outgoing.tenant).filter(delivery=outgoing).exclude(revoked_at=None)
    return "link_revoked" if revoked.exists() else ""


def _suppressed(outgoing: Delivery | Notice) -> str:
    found = Suppression.objects.filter(tenant=outgoing.tenant, email=outgoing.address.lower()).first()
    if found is None:
        return ""
    asked_for = isinstance(outgoing, Notice) and outgoing.kind in ASKED_FOR
    return "" if asked_for and found.reason == Suppression.Reason.UNSUBSCRIBED else found.reason


def _still_in_audience(delivery: Delivery) -> bool:
    """In the audience it was made for, or in another one of the schedule that gets the same rows; directly or by a group."""
    assert delivery.occurrence
    if delivery.recipient_id is None:
        return False
    same_rows = Q(pk=delivery.audience_id) | Q(session_tags=delivery.job.narrowing_tags)
    # Asked from the person's side, one after the other: both at once would pair everybody of the audience with everybody of its groups.
    by_name = AudienceRecipient.objects.filter(recipient=delivery.recipient_id).values("audience")
    by_group = AudienceGroup.objects.filter(group__members__recipient=delivery.recipient_id).values("audience")
    audiences = Audience.objects.filter(same_rows, tenant=delivery.tenant, schedule=delivery.occurrence.schedule_id)
    return audiences.filter(pk__in=by_name).exists() or audiences.filter(pk__in=by_group).exists()
