"""Handing out a file: who got it is written down before a URL for it exists."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reports.aws import storage
from reports.aws.clients import AccountFacts
from reports.models import Download, Format, Link, SnapshotFile
from reports.refused import Refused
from tenants.audit import Actor, record

CONTENT_TYPES: dict[str, str] = {
    Format.PDF: "application/pdf",
    Format.CSV: "text/csv; charset=utf-8",
    Format.EXCEL: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def refuse_gone(file: SnapshotFile, *, now: datetime, decides: bool = False) -> None:
    """Raises Refused for what is past its days, was removed, or is held. In the tenant's scope.

    `decides`: for who may release held files, and so may look at them.
    """
    if file.is_offered(file.tenant, now) or (decides and file.may_be_seen(file.tenant, now)):
        return
    if file.recalled_at:
        raise Refused("job_recalled", _("%(name)s was withdrawn: nobody gets it any more.") % {"name": file.name})
    if file.held:
        raise held()
    days = file.tenant.retention_days
    detail = ngettext(
        "%(name)s was kept for %(n)d day, and is no longer here. Run the report again to have a new file.",
        "%(name)s was kept for %(n)d days, and is no longer here. Run the report again to have a new file.",
        days,
    )
    raise Refused("file_gone", detail % {"name": file.name, "n": days})


def held() -> Refused:
    return Refused("job_held", _("The files of this run are held for review. They are here once somebody releases them."))


def note_download(
    file: SnapshotFile, actor: Actor, *, now: datetime, link: Link | None = None, is_repeat: bool = False, decides: bool = False
) -> Download:
    """Inside the tenant's scope, in the transaction that grants the file: every way to a file leads through here.

    Raises Refused as `refuse_gone` does. Locked and read again: who withdraws it waits for us, or we see that it was withdrawn.
    """
    current = SnapshotFile.objects.filter(tenant=file.tenant_id).select_for_update(of=("self",), no_key=True)
    file.refresh_from_db(fields=["recalled_at", "erasure", "purged_at", "held"], from_queryset=current)
    refuse_gone(file, now=now, decides=decides)
    record(actor, "file.downloaded", now=now, tenant=file.tenant_id, about=file, after={"file": file.name, "link": link and link.reference})
    return Download.objects.create(
        tenant_id=file.tenant_id,
        file=file,
        link=link,
        is_repeat=is_repeat,
        user_id=actor.user_id,
        actor=actor.label,
        at=now,
        ip=actor.ip,
        user_agent=actor.user_agent[:300],
    )


def is_there(file: SnapshotFile) -> bool:
    """Whether S3 has it still. Outside any transaction. Raises AwsError when S3 is silent, or does not let us look."""
    return storage.exists(AccountFacts(aws_account_id="", region=file.region), file.bucket, file.key)


def presigned_url(file: SnapshotFile, *, seconds: int | None = None, inline: bool = False) -> str:
    """Valid for `seconds` (default a minute), signed for the host that browsers reach. Never stored, never logged."""
    return storage.presign(
        # The web process signs with its own credentials; those of QuickSight's role stay with the worker.
        AccountFacts(aws_account_id="", region=file.region),
        settings.S3_PUBLIC_ENDPOINT_URL,
        file.bucket,
        file.key,
        storage.Handout(file.name, CONTENT_TYPES[file.format], inline),
        settings.PRESIGNED_SECONDS if seconds is None else seconds,
    )
