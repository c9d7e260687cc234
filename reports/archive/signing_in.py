"""The way into an archive: a mail to the address that the reports were sent to. Whether anything was, is not known to who asks."""

from __future__ import annotations

import hashlib
import secrets
import uuid
from datetime import datetime, timedelta

from django.conf import settings

from reports import notices
from reports.archive.listing import sent_to
from reports.models import ArchiveVisit, Delivery, Notice
from tenants.models import Tenant
from tenants.secrets import derived_tokens, secret_hash

MAILED = "archive of an address"
# Of the mailed address, and then of the browser that opened it.
LIFE = timedelta(minutes=30)
# Somebody who knows an address could else fill a stranger's mailbox.
BETWEEN_MAILS = timedelta(minutes=10)


def ask(tenant: Tenant, address: str, *, language: str, now: datetime) -> None:
    """The same is done for any address, so that neither the answer nor its time tells whether anything was sent there.

    Whether there is something to mail is found out when the mail is written. `address`: in lower case. In the tenant's scope.
    """
    which = hashlib.sha256(address.encode()).hexdigest()[:32]
    key = f"archive {which} {int(now.timestamp() // BETWEEN_MAILS.total_seconds())}"
    notices.ask_for(tenant, Notice.Kind.ARCHIVE, key, address, now=now, language=language)


def for_notice(notice: Notice, now: datetime) -> str | None:
    """The address that the mail carries, the same each time it is tried; None: nothing was sent there. In the tenant's scope."""
    tenant, email = notice.tenant, notice.address.lower()
    if not email or not sent_to(tenant, email, now).exists():
        return None
    tokens = {secret_hash(token): token for token in derived_tokens(MAILED, str(notice.pk))}
    visits = ArchiveVisit.objects.for_tenant(tenant)
    visit = visits.filter(token_sha256__in=list(tokens)).first()
    if visit is None:
        first, terms = next(iter(tokens)), {"language": notice.language, "created_at": now, "expires_at": now + LIFE}
        visit = visits.create(tenant=tenant, email=email, token_sha256=first, **terms)
    # It counts from the mail that arrives, which may be the second try.
    visits.filter(pk=visit.pk, opened_at=None).update(expires_at=now + LIFE)
    return f"{settings.PORTAL_BASE_URL}/a/{tenant.code}/{tokens[bytes(visit.token_sha256)]}"


def find(tenant: Tenant, token: str) -> ArchiveVisit | None:
    """By the mailed address. In the tenant's scope."""
    return ArchiveVisit.objects.for_tenant(tenant).select_related("tenant").filter(token_sha256=secret_hash(token)).first()


def open_visit(visit: ArchiveVisit, now: datetime) -> str:
    """What its browser has to show from now on; empty: it was opened before, or is too old. One statement decides."""
    session = secrets.token_urlsafe(32)
    fresh = ArchiveVisit.objects.for_tenant(visit.tenant).filter(pk=visit.pk, opened_at=None, expires_at__gt=now)
    given = {"opened_at": now, "session_sha256": secret_hash(session), "session_ends_at": now + LIFE}
    return session if fresh.update(**given) else ""


def current(tenant: Tenant, session: str, now: datetime) -> ArchiveVisit | None:
    """The visit of a browser. In the scope of the tenant whose page it is on: what another company gave it finds nothing here."""
    visits = ArchiveVisit.objects.for_tenant(tenant).filter(session_ends_at__gt=now, ended_at=None)
    return visits.select_related("tenant").filter(session_sha256=secret_hash(session)).first() if session else None


def close(visit: ArchiveVisit, now: datetime) -> None:
    ArchiveVisit.objects.for_tenant(visit.tenant).filter(pk=visit.pk, ended_at=None).update(ended_at=now)


def find_sent(visit: ArchiveVisit, pk: str, now: datetime) -> Delivery | None:
    """One of its rows; None for all others, whosever they are."""
    try:
        found = sent_to(visit.tenant, visit.email, now).filter(pk=uuid.UUID(pk))
    except ValueError:
        return None
    return found.select_related("tenant", "job__report", "occurrence__schedule").first()
