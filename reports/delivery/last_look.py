"""Right before a message is sent: is it still wanted? Between planning and sending people stop mails, leave, and revoke."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from reports.address_book import is_allowed
from reports.delivery.wanted import still_wanted
from reports.erasing.hashing import suppression_of
from reports.models import Audience, Delivery, Grant, Link, Notice, Schedule, SnapshotJob, Suppression
from tenants.models import Tenant

# What a person asked for a moment ago, at our page, comes although they stopped the regular mails.
ASKED_FOR = {Notice.Kind.NEW_LINK, Notice.Kind.CODE, Notice.Kind.TEST, Notice.Kind.INVITATION, Notice.Kind.ARCHIVE}
# What opens a report, or leads to all of them, at the address it goes to.
OPENS = {Notice.Kind.NEW_LINK, Notice.Kind.CODE, Notice.Kind.READY_AGAIN, Notice.Kind.CORRECTED, Notice.Kind.ARCHIVE, Notice.Kind.REMINDER}


def reason_not_to_send(outgoing: Delivery | Notice, now: datetime) -> str:
    """A code of failures.py; empty: send it. In the tenant's scope."""
    reason = _suppressed(outgoing)
    if reason:
        return reason
    if isinstance(outgoing, Notice):
        return _not_to_open(outgoing)
    if not is_allowed(outgoing.tenant, outgoing.address):
        return "domain_not_allowed"
    schedule = outgoing.occurrence.schedule if outgoing.occurrence else None
    if schedule and schedule.retired_at:
        return "schedule_retired"
    if _is_withdrawn(outgoing.tenant, outgoing.job):
        return "report_withdrawn"
    if not outgoing.is_copy and not still_wanted([outgoing]):
        return "recipient_removed"
    return _files_or_link(outgoing, now)


def reason_not_to_ship(delivery: Delivery, now: datetime) -> str:
    """As `reason_not_to_send`, of a delivery to a destination. Of a chat, whose message is a link, too."""
    if delivery.destination is None:
        return "destination_removed"
    schedule = delivery.occurrence.schedule if delivery.occurrence else None
    if schedule and schedule.retired_at:
        return "schedule_retired"
    if _is_withdrawn(delivery.tenant, delivery.job):
        return "report_withdrawn"
    if schedule and not _goes_there_still(delivery, schedule):
        return "destination_removed"
    return _files_or_link(delivery, now)


def _goes_there_still(delivery: Delivery, schedule: Schedule) -> bool:
    """By the audience it was made for, or another one of the schedule that gets the same rows."""
    same_rows = Q(pk=delivery.audience_id) | Q(session_tags=delivery.job.narrowing_tags)
    audiences = Audience.objects.filter(same_rows, tenant=delivery.tenant, schedule=schedule)
    return audiences.filter(destinations=delivery.destination).exists()


def _files_or_link(delivery: Delivery, now: datetime) -> str:
    files = delivery.job.files.all()
    if files and not any(file.is_offered(delivery.tenant, now) for file in files):
        return "recalled" if delivery.job.recalled_at else "files_gone"
    revoked = Link.objects.for_tenant(delivery.tenant).filter(delivery=delivery).exclude(revoked_at=None)
    return "link_revoked" if revoked.exists() else ""


def _not_to_open(notice: Notice) -> str:
    """What the company has ruled out since the old link was sent, no new one brings back."""
    if notice.kind not in OPENS:
        return ""
    if not is_allowed(notice.tenant, notice.address):
        return "domain_not_allowed"
    if notice.kind != Notice.Kind.NEW_LINK or notice.link is None:
        return ""
    return "report_withdrawn" if _is_withdrawn(notice.tenant, notice.link.job) else ""


def _is_withdrawn(tenant: Tenant, job: SnapshotJob) -> bool:
    return not Grant.objects.for_tenant(tenant).active().filter(report=job.report_id).exists()


def _suppressed(outgoing: Delivery | Notice) -> str:
    found = suppression_of(outgoing.tenant, outgoing.address)
    if found is None:
        return ""
    asked_for = isinstance(outgoing, Notice) and outgoing.kind in ASKED_FOR
    return "" if asked_for and found.reason == Suppression.Reason.UNSUBSCRIBED else found.reason
