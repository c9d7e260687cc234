"""Receipts: the owner of a schedule is told who downloaded, in one mail for many downloads.

The first download of a run asks for a mail a quarter of an hour later, which tells of all until then. What is downloaded after it was
written comes in the next one, a day later.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from reports import notices
from reports.events import instant
from reports.mails.failure_notices import owners
from reports.models import Download, Notice, Occurrence

COLLECTED_FOR = timedelta(minutes=15)
APART = timedelta(days=1)


def note(run: Occurrence, download: Download, now: datetime) -> None:
    """In the tenant's scope, in the transaction of a download of `run`, whose schedule wants receipts."""
    for owner in owners(run.schedule):
        if not _is_own(download, owner):
            _ask(run, owner, download.at, now)


def _is_own(download: Download, owner: str) -> bool:
    """An owner who is sent the report, too, knows what they downloaded."""
    return download.link is not None and download.link.email.casefold() == owner.casefold()


def _ask(run: Occurrence, owner: str, at: datetime, now: datetime) -> None:
    asked = Notice.objects.filter(tenant=run.tenant, kind=Notice.Kind.RECEIPT, occurrence=run, address=owner)
    # The row is held until the download is written, so that the courier does not begin a mail that would miss it.
    last = asked.select_for_update().order_by("created_at").last()
    if last and last.status == Notice.Status.PENDING and last.tries == 0:
        # Nobody has begun to write it, so it tells of this one, too.
        return
    due = now + COLLECTED_FOR
    if last:
        due = max(due, last.created_at + APART)
    # The key names the one before: of two downloads at once the second one finds the first one's mail.
    key = f"receipt:{last.pk if last else run.pk}:{hashlib.sha256(owner.encode()).hexdigest()[:16]}"
    data = {"since": instant(at)}
    notices.ask_for(run.tenant, Notice.Kind.RECEIPT, key, owner, now=now, schedule=run.schedule, occurrence=run, data=data, next_try_at=due)
