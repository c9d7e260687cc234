"""Links: a governed page for one job's files, counted, recorded and revocable at once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from reports import files
from reports.models import Delivery, Download, Link, Notice, Protection, SnapshotFile, SnapshotJob
from reports.refused import Refused
from tenants.audit import Actor, record
from tenants.models import Tenant, TenantCode
from tenants.models.tenant import is_code
from tenants.secrets import derived_tokens, secret_hash

# A download that broke off may be repeated in the same browser without costing another use.
REPEAT_WITHIN = timedelta(minutes=10)
# More than a person needs for a download that breaks off; a cookie handed round gets no further.
REPEATS = 5
MAILED = "link of a delivery"
ASKED_FOR = "link of a notice"
CODE_LIFE = timedelta(minutes=10)


@dataclass(frozen=True)
class NewLink:
    link: Link
    url: str


def create(job: SnapshotJob, actor: Actor, *, now: datetime) -> NewLink:
    """The URL holds the only copy of the token and cannot be shown again. Raises Refused while there are no files."""
    if job.status != SnapshotJob.Status.COMPLETED:
        raise Refused("file_not_ready", "This job has no files yet.")
    token = secrets.token_urlsafe(32)
    link = Link.objects.create(
        tenant=job.tenant,
        job=job,
        token_sha256=secret_hash(token),
        expires_at=now + timedelta(days=job.tenant.link_days),
        max_uses=job.tenant.link_max_uses,
        created_by=actor.label,
        created_at=now,
    )
    record(actor, "link.created", now=now, tenant=job.tenant, about=link, after={"job": str(job.pk), "reference": link.reference})
    return NewLink(link, url(job.tenant, token))


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
    return Link.objects.create(
        tenant=tenant,
        job=delivery.job,
        token_sha256=secret_hash(token),
        expires_at=now + timedelta(days=(schedule and schedule.link_days) or tenant.link_days),
        max_uses=(schedule and schedule.link_max_uses) or tenant.link_max_uses,
        protection=schedule.link_protection if schedule else Protection.NOTHING,
        passcode=schedule.link_passcode if schedule else "",
        email=delivery.address,
        language=delivery.language,
        recipient=delivery.recipient,
        delivery=delivery,
        created_by=f"schedule {schedule.slug}" if schedule else "delivery",
        created_at=now,
    )


def for_notice(notice: Notice, *, now: datetime) -> NewLink:
    """The link that somebody asked for who had `notice.link`, with the same limits; made once, as for a delivery. In the tenant's scope."""
    old, tokens = notice.link, list(derived_tokens(ASKED_FOR, str(notice.pk)))
    by_hash = {secret_hash(token): token for token in tokens}
    link = Link.objects.for_tenant(notice.tenant).filter(token_sha256__in=by_hash).first()
    if link is None:
        kept = {name: getattr(old, name) for name in ("tenant", "job", "max_uses", "email", "language", "recipient", "delivery")}
        kept |= {name: getattr(old, name) for name in ("protection", "passcode", "created_by")}
        ends = now + timedelta(days=notice.tenant.link_days)
        link = Link.objects.create(token_sha256=secret_hash(tokens[0]), expires_at=ends, created_at=now, **kept)
    return NewLink(link, url(notice.tenant, by_hash[bytes(link.token_sha256)]))


def new_code(link: Link, now: datetime) -> str:
    """Six digits that open the link for ten minutes; those before are good no longer. Only their hash is kept."""
    code = f"{secrets.randbelow(10**6):06}"
    Link.objects.for_tenant(link.tenant).filter(pk=link.pk).update(
        code_sha256=secret_hash(code), code_expires_at=now + CODE_LIFE, wrong_codes=0
    )
    return code


def url(tenant: Tenant, token: str) -> str:
    return f"{settings.PORTAL_BASE_URL}/d/{tenant.code}/{token}"


def tenant_of(code: str) -> Tenant | None:
    """Whose scope a link's address opens: the id only, readable before a tenant is known."""
    if not is_code(code):
        return None
    found = TenantCode.objects.filter(code=code).values_list("tenant_id", flat=True).first()
    return Tenant(pk=found, code=code) if found else None


def find(tenant: Tenant, token: str) -> Link | None:
    """Inside the tenant's scope."""
    links = Link.objects.for_tenant(tenant).select_related("tenant", "job", "job__report").prefetch_related("job__files")
    return links.filter(token_sha256=secret_hash(token)).first()


def redeem(link: Link, file: SnapshotFile, actor: Actor, *, repeated: bool, now: datetime) -> bool:
    """Count one use and write the download, or False. `repeated`: this browser got the same file a moment ago, free within ten minutes.

    One update decides: several visitors at the last use get exactly what is left.
    """
    with transaction.atomic():
        links = Link.objects.for_tenant(link.tenant)
        granted = _may_repeat(link, file, now) if repeated else links.take_use(link, now)
        if granted:
            files.note_download(file, actor, now=now, link=link)
    return granted


def _may_repeat(link: Link, file: SnapshotFile, now: datetime) -> bool:
    """Never the first time, whatever the browser says. The link is locked: repeats at once are counted one after the other."""
    stands = Link.objects.for_tenant(link.tenant).select_for_update().filter(pk=link.pk, revoked_at=None, expires_at__gt=now)
    if not stands:
        return False
    had = Download.objects.filter(link=link, file=file, at__gt=now - REPEAT_WITHIN).count()
    return 1 <= had <= REPEATS


def revoke(link: Link, actor: Actor, *, now: datetime) -> None:
    """From the commit on no click gets a URL; a URL minted before lives out its minute. Revoking twice changes nothing."""
    if Link.objects.for_tenant(link.tenant).filter(pk=link.pk).revoke(now):
        record(actor, "link.revoked", now=now, tenant=link.tenant, about=link, after={"reference": link.reference})
    link.refresh_from_db()
