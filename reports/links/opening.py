"""Opening a link: finding it by its token, what it offers, and granting one file, counted and recorded."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db.models import F

from reports import event_data, files
from reports.events import tell
from reports.models import Download, Event, Link, SnapshotFile, SnapshotJob
from reports.nudges import receipts
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
    """Inside the tenant's scope."""
    # A corrected version is rare: asked for where there is one, instead of read as empty columns at each click.
    links = Link.objects.for_tenant(tenant).select_related("tenant", "job__report")
    of_schedule = {"schedule_zone": F("job__occurrence__schedule__timezone"), "wants_receipts": F("job__occurrence__schedule__receipts")}
    links = links.annotate(**of_schedule)
    return links.prefetch_related("job__files", "superseded_by__files").filter(token_sha256=secret_hash(token)).first()


def offered(link: Link, now: datetime) -> list[SnapshotFile]:
    """Its files that are still kept; of a corrected report the newer version's first, then the one that the link was sent for."""
    newer = list(link.superseded_by.files.all()) if link.superseded_by else []
    found = newer + list(link.job.files.all())
    for file in found:
        file.tenant = link.tenant
    return [file for file in found if file.is_offered(link.tenant, now)]


def versions(link: Link) -> tuple[int, int]:
    """Numbers of the version that the link was sent for and of the newest one; (1, 1) for a report that was never corrected."""
    return _number(link.job), _number(link.superseded_by or link.job)


def _number(job: SnapshotJob) -> int:
    number, version = 1, job
    while version.replaces and number < 100:
        number, version = number + 1, version.replaces
    return number


def redeem(link: Link, file: SnapshotFile, actor: Actor, *, repeated: bool, now: datetime) -> bool:
    """Count one use and write the download, or False. `repeated`: this browser got the same file a moment ago, free within ten minutes.

    One update decides: several visitors at the last use get exactly what is left. In the tenant's scope, whose transaction holds both.
    """
    granted = _may_repeat(link, file, now) if repeated else Link.objects.for_tenant(link.tenant).take_use(link, now)
    if granted:
        download = files.note_download(file, actor, now=now, link=link, is_repeat=repeated)
        if not repeated:
            tell(link.tenant, Event.Type.LINK_DOWNLOADED, event_data.of_download(download, link.recipient_id), now)
            if link.wants_receipts and link.job.occurrence:
                receipts.note(link.job.occurrence, download, now)
    return granted


def _may_repeat(link: Link, file: SnapshotFile, now: datetime) -> bool:
    """Never the first time, whatever the browser says. The link is locked: repeats at once are counted one after the other."""
    stands = Link.objects.for_tenant(link.tenant).select_for_update().open(now).filter(pk=link.pk)
    if not stands:
        return False
    had = Download.objects.filter(link=link, file=file, at__gt=now - REPEAT_WITHIN).count()
    return 1 <= had <= REPEATS
