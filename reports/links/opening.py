"""Opening a link: finding it by its token, what it offers, and granting one file, counted and recorded."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from reports import event_data, files
from reports.events import tell
from reports.links.entitlement import entitled, show_to_reader
from reports.models import Download, Event, Link, SnapshotFile, SnapshotJob
from reports.nudges import receipts
from reports.refused import Refused
from tenants.audit import Actor
from tenants.models import Tenant, TenantCode
from tenants.models.tenant import is_code
from tenants.secrets import secret_hash

# A download that broke off may be repeated in the same browser without costing another use.
REPEAT_WITHIN = timedelta(minutes=10)
# More than a person needs for a download that breaks off; a cookie handed round gets no further.
REPEATS = 5


def tenant_of(code: str) -> Tenant:
    """Whose scope a link's address opens: the id only, readable before a tenant is known.

    For a code that nobody has it is a tenant that is not there, so that its links are looked for in the same way and take as long.
    """
    found = TenantCode.objects.filter(code=code if is_code(code) else "").values_list("tenant_id", flat=True).first()
    return Tenant(pk=found or uuid.uuid4(), code=code)


def find(tenant: Tenant, token: str) -> Link | None:
    """As whoever has it may see it. Inside the tenant's scope."""
    # A corrected version is rare: asked for where there is one, instead of read as empty columns at each click.
    links = Link.objects.for_tenant(tenant).select_related("tenant", "job__report")
    of_schedule = {"schedule_zone": F("job__occurrence__schedule__timezone"), "wants_receipts": F("job__occurrence__schedule__receipts")}
    links = links.annotate(**of_schedule)
    link = links.prefetch_related("job__files", "superseded_by__files").filter(token_sha256=secret_hash(token)).first()
    if link:
        show_to_reader([link])
    return link


def offered(link: Link, now: datetime) -> list[SnapshotFile]:
    """Its files that are still kept; of a corrected report the newer version's first, then the one that the link was sent for."""
    newer = list(link.superseded_by.files.all()) if link.superseded_by else []
    found = newer + list(link.job.files.all())
    for file in found:
        file.tenant = link.tenant
    return [file for file in found if file.is_offered(link.tenant, now)]


def newest(link: Link, now: datetime) -> list[SnapshotFile]:
    """Of `offered` those of one version: the newer one's, where it has any."""
    found = offered(link, now)
    newer = [file for file in found if file.job_id == link.superseded_by_id]
    return newer or found


def is_withdrawn(link: Link) -> bool:
    """Its report was taken back, and there is no newer version for its reader."""
    return link.job.recalled_at is not None and link.superseded_by is None


def versions(link: Link) -> tuple[int, int]:
    """Numbers of the version that the link was sent for and of the newest one; (1, 1) for a report that was never corrected."""
    return _number(link.job), _number(link.superseded_by or link.job)


def _number(job: SnapshotJob) -> int:
    number, version = 1, job
    while version.replaces and number < 100:
        number, version = number + 1, version.replaces
    return number


def redeem(link: Link, wanted: Sequence[SnapshotFile], actor: Actor, *, repeated: bool, now: datetime) -> bool:
    """Count one use, however many files, and write a download for each; or False, and nothing is written.

    `repeated`: this browser got the same files a moment ago, free within ten minutes. One update decides: several visitors at the last use
    get exactly what is left. In the tenant's scope, whose transaction holds both.
    """
    if any(file.job_id == link.superseded_by_id for file in wanted) and not _is_entitled_now(link):
        return False
    try:
        with transaction.atomic():
            granted = _take(link, wanted, repeated, now)
            for file in sorted(wanted, key=lambda file: file.pk) if granted else ():
                _write(link, file, actor, repeated, now)
    except Refused:
        # It was withdrawn, or its person erased, since the link was read.
        return False
    return granted


def _is_entitled_now(link: Link) -> bool:
    """By what is stored now: S3 was asked since the link was read."""
    return bool(entitled(list(Link.objects.for_tenant(link.tenant).select_related("tenant", "job", "superseded_by").filter(pk=link.pk))))


def _take(link: Link, wanted: Sequence[SnapshotFile], repeated: bool, now: datetime) -> bool:
    if repeated:
        return all(_may_repeat(link, file, now) for file in wanted)
    return Link.objects.for_tenant(link.tenant).take_use(link, now)


def _write(link: Link, file: SnapshotFile, actor: Actor, repeated: bool, now: datetime) -> None:
    download = files.note_download(file, actor, now=now, link=link, is_repeat=repeated)
    if not repeated:
        tell(link.tenant, Event.Type.LINK_DOWNLOADED, event_data.of_download(download, link.recipient_id), now)
        if link.wants_receipts and link.job.occurrence:
            receipts.note(link.job.occurrence, download, now)


def _may_repeat(link: Link, file: SnapshotFile, now: datetime) -> bool:
    """Never the first time, whatever the browser says. The link is locked: repeats at once are counted one after the other."""
    stands = Link.objects.for_tenant(link.tenant).select_for_update().open(now).filter(pk=link.pk)
    if not stands:
        return False
    had = Download.objects.filter(link=link, file=file, at__gt=now - REPEAT_WITHIN).count()
    return 1 <= had <= REPEATS
