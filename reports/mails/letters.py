"""Letters as the courier hands them to a channel: a whole message to one address, and the files it brings along.

In the tenant's scope, without a call to anybody. Written anew on every try: what has to be the same each time, the link and the
Message-ID, comes from the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.core.mail import EmailMessage
from django.utils import timezone, translation

from reports.delivery.unsubscribing import unsubscribe_url
from reports.mails import (
    archive_mails,
    destination_mails,
    digest_mails,
    envelope,
    failure_mails,
    gate_mails,
    handing_over,
    invitation_mails,
    link_mails,
    quota_mails,
    recall_mails,
    receipt_mails,
    reminder_mails,
    webhook_mails,
)
from reports.mails.attachments import Attaching, attaching
from reports.mails.content import Content
from reports.mails.handing_over import Handover
from reports.models import Delivery, Format, Link, Notice, SnapshotFile


@dataclass(frozen=True)
class Letter:
    """`files` are for the courier to read and attach."""

    message: EmailMessage
    files: list[SnapshotFile] = field(default_factory=list)


def letter_of(delivery: Delivery, url: str, now: datetime) -> Letter:
    """`url` is the address of the delivery's link, which exists by now."""
    handover, files = _handover(delivery, url)
    tenant, schedule = handover.tenant, handover.schedule
    with translation.override(delivery.language), timezone.override(schedule.zone if schedule else tenant.zone):
        content = handing_over.content_of(handover)
        headers = {
            "List-Unsubscribe": f"<{handover.stop_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": f"delivery:{tenant.code}:fanfold",
        }
        # A header only: whoever stands there gets a mail of their own, with a link of their own.
        copies = [address for address in schedule.cc if address.lower() != delivery.address.lower()] if schedule else []
        if copies:
            headers["Cc"] = ", ".join(copies)
        message = envelope.message(delivery, content, now, sender=envelope.company_sender(tenant), headers=headers)
    return Letter(message, files)


def letter_of_notice(notice: Notice, now: datetime) -> Letter | None:
    """None: what it was to tell is no longer so, and nothing is sent."""
    about = notice.schedule or notice.link or notice.tenant
    with translation.override(notice.language), timezone.override(about.zone):
        content = CONTENTS[Notice.Kind(notice.kind)](notice, now)
        if content is None:
            return None
        sender = envelope.company_sender(notice.tenant) if notice.kind in TO_CUSTOMERS else envelope.portal_name()
        headers = {"Feedback-ID": f"{notice.kind}:{notice.tenant.code}:fanfold"}
        if notice.kind in CAN_BE_STOPPED:
            headers |= {"List-Unsubscribe": f"<{unsubscribe_url(notice)}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        return Letter(envelope.message(notice, content, now, sender=sender, headers=headers))


def test_content(notice: Notice, now: datetime) -> Content | None:
    if notice.schedule is None or notice.schedule.retired_at:
        return None
    return handing_over.content_of(handing_over.sample(notice.schedule, notice.data.get("name") or notice.address, now))


CONTENTS: dict[Notice.Kind, Callable[[Notice, datetime], Content | None]] = {
    Notice.Kind.RUN_FAILED: failure_mails.run_failed,
    Notice.Kind.RUN_LATE: failure_mails.run_late,
    Notice.Kind.NEW_LINK: link_mails.new_link,
    Notice.Kind.CODE: link_mails.code,
    Notice.Kind.READY_AGAIN: link_mails.ready_again,
    Notice.Kind.TEST: test_content,
    Notice.Kind.INVITATION: invitation_mails.invitation,
    Notice.Kind.QUOTA: quota_mails.near,
    Notice.Kind.WEBHOOK: webhook_mails.needs_people,
    Notice.Kind.ARCHIVE: archive_mails.way_in,
    Notice.Kind.CORRECTED: recall_mails.corrected,
    Notice.Kind.RECALLED: recall_mails.recalled,
    Notice.Kind.DESTINATION: destination_mails.needs_people,
    Notice.Kind.REMINDER: reminder_mails.reminder,
    Notice.Kind.RECEIPT: receipt_mails.receipt,
    Notice.Kind.DIGEST: digest_mails.digest,
    Notice.Kind.HELD: gate_mails.held,
}
# In the company's name; the others come from the portal.
TO_CUSTOMERS = frozenset(
    {
        Notice.Kind.NEW_LINK,
        Notice.Kind.CODE,
        Notice.Kind.READY_AGAIN,
        Notice.Kind.TEST,
        Notice.Kind.ARCHIVE,
        Notice.Kind.CORRECTED,
        Notice.Kind.RECALLED,
        Notice.Kind.REMINDER,
    }
)
# Nobody asked for them and nobody has to act on them.
CAN_BE_STOPPED = frozenset({Notice.Kind.REMINDER, Notice.Kind.DIGEST})


def _handover(delivery: Delivery, url: str) -> tuple[Handover, list[SnapshotFile]]:
    """With the files to attach."""
    job, tenant = delivery.job, delivery.tenant
    schedule = delivery.occurrence.schedule if delivery.occurrence else None
    link = Link.objects.for_tenant(tenant).filter(delivery=delivery).earliest("created_at")
    files = sorted(job.files.all(), key=lambda file: Format.values.index(file.format))
    how = attaching(tenant, schedule, files)
    handover = Handover(
        tenant=tenant,
        report=job.report,
        schedule=schedule,
        recipient=delivery.name or delivery.address,
        planned_at=delivery.occurrence.planned_at if delivery.occurrence else job.created_at,
        prepared_at=job.finished_at or job.created_at,
        ends_at=link.expires_at,
        url=url,
        files=[(file.format, file.size_bytes) for file in files],
        parameters=job.parameters,
        attaching=how,
        protection=link.protection,
        stop_url=unsubscribe_url(delivery),
        is_copy=delivery.is_copy,
    )
    return handover, files if how is Attaching.ATTACHED else []
