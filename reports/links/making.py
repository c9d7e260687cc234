"""New links: by hand, for a delivery's mail, and for somebody whose old one has ended."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db.models import Q

from reports.address_book.addresses import clean_address, refuse_foreign_domain
from reports.files import held
from reports.models import Delivery, Link, Notice, Protection, Recipient, Review, Schedule, SnapshotJob
from reports.refused import Place, Refused
from tenants.audit import Actor, record
from tenants.models import Tenant
from tenants.secrets import derived_tokens, secret_hash

MAILED = "link of a delivery"
ASKED_FOR = "link of a notice"
MOST_DAYS, MOST_USES = 90, 1000
SHORTEST_PASSCODE, LONGEST_PASSCODE = 6, 64


@dataclass(frozen=True)
class NewLink:
    link: Link
    url: str


@dataclass(frozen=True)
class Terms:
    """What somebody who makes a link decides about it. None: as the tenant has it.

    `email`: whom it is for; empty: whoever gets it, or `recipient`, who has their own. `until`: its end, in place of `days`.
    """

    days: int | None = None
    max_uses: int | None = None
    protection: str = Protection.NOTHING
    passcode: str = ""
    email: str = ""
    recipient: Recipient | None = None
    until: datetime | None = None

    @property
    def address(self) -> str:
        return self.recipient.email if self.recipient else self.email


def create(job: SnapshotJob, actor: Actor, terms: Terms | None = None, *, now: datetime) -> NewLink:
    """The URL holds the only copy of the token and cannot be shown again. Raises Refused while there are no files, or for bad terms."""
    if job.status != SnapshotJob.Status.COMPLETED:
        raise Refused("file_not_ready", "This job has no files yet.")
    if job.recalled_at:
        raise Refused("job_recalled", "This job was withdrawn: nobody gets its files any more.")
    files = job.files.all()
    if any(file.held for file in files):
        raise held()
    never_here = job.trigger == SnapshotJob.Trigger.IMPORTED
    if never_here or (files and not any(file.is_offered(job.tenant, now) for file in files)):
        raise Refused("file_gone", "The files of this job are no longer kept. Run the report again.")
    terms = terms or Terms()
    days = job.tenant.link_days if terms.days is None else terms.days
    max_uses = job.tenant.link_max_uses if terms.max_uses is None else terms.max_uses
    check(days, max_uses, terms)
    expires_at = terms.until or now + timedelta(days=days)
    if not now < expires_at <= now + timedelta(days=MOST_DAYS):
        raise _bad("until", f"A link ends in the future, and within {MOST_DAYS} days.")
    email = clean_address(terms.address) if terms.address else ""
    if email:
        refuse_foreign_domain(job.tenant, email)
    token = secrets.token_urlsafe(32)
    link = Link.objects.create(
        tenant=job.tenant,
        job=job,
        token_sha256=secret_hash(token),
        expires_at=expires_at,
        max_uses=max_uses,
        protection=terms.protection,
        # Slow by design: what people choose can be guessed. No download waits for it, only the answer to the passcode's question.
        passcode=make_password(terms.passcode) if terms.protection == Protection.PASSCODE else "",
        email=email,
        recipient=terms.recipient,
        language=terms.recipient.language if terms.recipient else "",
        superseded_by=_correction_of(job),
        created_by=actor.label,
        created_at=now,
    )
    record(actor, "link.created", now=now, tenant=job.tenant, about=link, after={"job": str(job.pk), "reference": link.reference})
    return NewLink(link, url(job.tenant, token))


def check(days: int, max_uses: int, terms: Terms) -> None:
    """Raises Refused with the place of what is wrong."""
    if not 1 <= days <= MOST_DAYS:
        raise _bad("days", f"A link works for 1 to {MOST_DAYS} days.")
    if not 1 <= max_uses <= MOST_USES:
        raise _bad("max_uses", f"A link is good for 1 to {MOST_USES} downloads.")
    if terms.protection == Protection.PASSCODE and not SHORTEST_PASSCODE <= len(terms.passcode) <= LONGEST_PASSCODE:
        raise _bad("passcode", f"Choose a passcode of {SHORTEST_PASSCODE} to {LONGEST_PASSCODE} characters.")
    if terms.protection == Protection.MAILED_CODE and not terms.address:
        raise _bad("email", "A code can only be mailed to an address. Say whom the link is for.")
    if max_uses == 1 and terms.protection == Protection.NOTHING:
        # A mail gateway that presses buttons would take the one use before the person does.
        raise _bad("protection", "A link for one download needs a passcode or a mailed code: else a mail scanner may use it up.")


def _bad(place: str, detail: str) -> Refused:
    return Refused("bad_link_terms", detail, (Place((place,), "invalid", detail),))


def for_delivery(delivery: Delivery, *, now: datetime) -> NewLink:
    """The link that a delivery's mail carries: made once, and with the same address each time the mail is tried.

    A mail whose fate is not known is sent again; were its link another one then, the first mail's would be dead. In the tenant's scope.
    """
    link = Link.objects.for_tenant(delivery.tenant).filter(delivery=delivery).order_by("created_at").first()
    tokens = list(derived_tokens(MAILED, str(delivery.pk)))
    if link is None:
        link = _mailed(delivery, tokens[0], now)
    known = [token for token in tokens if secret_hash(token) == bytes(link.token_sha256)]
    if not known:
        # Its key is gone, and with it the address: better a mail with a working link than the same link.
        Link.objects.for_tenant(delivery.tenant).filter(pk=link.pk).update(token_sha256=secret_hash(tokens[0]))
    return NewLink(link, url(delivery.tenant, (known or tokens)[0]))


def _mailed(delivery: Delivery, token: str, now: datetime) -> Link:
    tenant, schedule = delivery.tenant, delivery.occurrence.schedule if delivery.occurrence else None
    max_uses = (schedule and schedule.link_max_uses) or tenant.link_max_uses
    protection = schedule.link_protection if schedule else Protection.NOTHING
    if max_uses == 1 and protection == Protection.NOTHING:
        # As in `check`. The address is known, so a code can be mailed there.
        protection = Protection.MAILED_CODE
    return Link.objects.create(
        tenant=tenant,
        job=delivery.job,
        token_sha256=secret_hash(token),
        expires_at=now + timedelta(days=_days(tenant, schedule)),
        max_uses=max_uses,
        protection=protection,
        passcode=schedule.link_passcode if schedule else "",
        email=delivery.address,
        language=delivery.language,
        recipient=delivery.recipient,
        delivery=delivery,
        superseded_by=_correction_of(delivery.job),
        created_by=f"schedule {schedule.slug}" if schedule else "delivery",
        created_at=now,
    )


def _days(tenant: Tenant, schedule: Schedule | None) -> int:
    return (schedule and schedule.link_days) or tenant.link_days


def _correction_of(job: SnapshotJob) -> SnapshotJob | None:
    """The newest version that is ready, if the job was corrected before the link was made."""
    let_go = Q(review=None) | Q(review__status=Review.Status.RELEASED)
    newest = None
    for _step in range(20):
        completed = (newest or job).replacements.filter(let_go, status=SnapshotJob.Status.COMPLETED, recalled_at=None)
        ready = completed.order_by("-finished_at").first()
        if ready is None:
            break
        newest = ready
    return newest


def for_notice(notice: Notice, *, now: datetime) -> NewLink:
    """The link that the mail of a `new_link`, `ready_again` or `corrected` notice carries: to what `notice.link` leads to, for the same
    address.

    Made once, and with the same address each time the mail is tried. In the tenant's scope. Raises Refused("link_revoked") for a link
    that was revoked after somebody asked.
    """
    old = notice.link
    if old is None or old.revoked_at:
        raise Refused("link_revoked", "This link was revoked.")
    if _works_beside(notice, old, now) and old.delivery:
        # That link works still, and its address can be made again.
        return for_delivery(old.delivery, now=now)
    tokens = {secret_hash(token): token for token in derived_tokens(ASKED_FOR, str(notice.pk))}
    link = Link.objects.for_tenant(notice.tenant).filter(token_sha256__in=list(tokens)).first()
    if link is None:
        link = _renewed(notice, old, next(iter(tokens)), now)
    return NewLink(link, url(notice.tenant, tokens[bytes(link.token_sha256)]))


def _works_beside(notice: Notice, old: Link, now: datetime) -> bool:
    """Whether the old link stays good; the mail of a correction is also sent to those whose link has ended."""
    return notice.kind == Notice.Kind.READY_AGAIN or (notice.kind == Notice.Kind.CORRECTED and old.is_working(now))


def _renewed(notice: Notice, old: Link, token_sha256: bytes, now: datetime) -> Link:
    kept: dict[str, Any] = {name: getattr(old, name) for name in ("tenant", "job", "recipient", "delivery", "superseded_by")}
    kept |= {name: getattr(old, name) for name in ("max_uses", "email", "language", "protection", "passcode", "created_by")}
    if _works_beside(notice, old, now):
        # Beside the old one, which works still: no longer than that, and with what is left of it.
        kept |= {"expires_at": old.expires_at, "max_uses": max(1, old.max_uses - old.uses)}
    else:
        occurrence = old.delivery.occurrence if old.delivery else None
        kept["expires_at"] = now + timedelta(days=_days(notice.tenant, occurrence.schedule if occurrence else None))
    return Link.objects.create(token_sha256=token_sha256, created_at=now, **kept)


def url(tenant: Tenant, token: str) -> str:
    return f"{settings.PORTAL_BASE_URL}/d/{tenant.code}/{token}"
