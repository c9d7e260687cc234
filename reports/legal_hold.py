"""A legal hold: nothing of a company is removed, neither by us nor by S3, until staff release it.

What is past its days is kept, and still handed out to nobody. S3's lifecycle goes by keys, so objects are moved to the class `held`, which
has no rule; new ones are put there at once. Moving is a copy inside S3, then the row, then, after some time, the old object: URLs that were
signed for it end first. Each step may be killed and repeated.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Min, Q, Sum
from django.utils.translation import gettext as _

from reports import retention
from reports.alerts import alert, settle
from reports.aws import removal
from reports.aws.clients import AccountFacts
from reports.aws.errors import AwsError, NotFound
from reports.catalogue import read_facts
from reports.models import SnapshotFile
from reports.models.jobs import SnapshotFileQuerySet
from reports.purging import MayGoOn
from reports.refused import Place, Refused
from tenants import log_context
from tenants.audit import Actor, record
from tenants.models import Tenant, TenantCode
from tenants.scope import tenant_scope

logger = logging.getLogger(__name__)
MOST_REASON = 300
BATCH = 100
ALARM = "held_files_missing"
# Of any URL that was signed for the old object, and of a host's clock.
SPARE = timedelta(minutes=2)


@dataclass(frozen=True)
class Kept:
    """What a company has in S3. `to_move`: files that S3's lifecycle reaches still; `oldest`: None where there is no file."""

    files: int
    bytes: int
    oldest: datetime | None
    past_days: int
    to_move: int
    old_copies: int


def begin(tenant: Tenant, actor: Actor, because: str, *, now: datetime) -> bool:
    """False: it is held already, as it was. In the staff scope. Raises Refused without a reason.

    From the commit on nothing more is taken up for removal; what the purge has in its hands at that moment, one job's files, still goes.
    """
    because = _reason(because)
    if not Tenant.objects.filter(pk=tenant.pk, held_since=None).update(held_since=now, held_because=because):
        return False
    record(actor, "tenant.held", now=now, tenant=tenant, about=tenant, after={"because": because})
    return True


def release(tenant: Tenant, actor: Actor, because: str, *, now: datetime) -> bool:
    """False: it is not held. The next purge removes what is past its days. In the staff scope. Raises Refused without a reason."""
    because = _reason(because)
    held = Tenant.objects.select_for_update(of=("self",)).filter(pk=tenant.pk).exclude(held_since=None).first()
    if held is None:
        return False
    before = {"since": str(held.held_since), "because": held.held_because}
    Tenant.objects.filter(pk=tenant.pk).update(held_since=None, held_because="")
    record(actor, "tenant.released", now=now, tenant=tenant, about=tenant, before=before, after={"because": because})
    return True


def _reason(text: str) -> str:
    because = " ".join(text.split())
    if not 0 < len(because) <= MOST_REASON:
        detail = _("Say in 1 to %(limit)d characters why.") % {"limit": MOST_REASON}
        raise Refused("reason_missing", detail, (Place(("because",), "invalid", detail),))
    return because


def refuse_held(tenant: Tenant) -> None:
    """Raises Refused while nothing of the company may be removed."""
    if tenant.held_since:
        detail = _("%(company)s is under a legal hold, so nothing of it may be erased. The platform's staff can release it.")
        raise Refused("legal_hold", detail % {"company": tenant.name})


def kept(tenant: Tenant, now: datetime) -> Kept:
    """In the tenant's scope."""
    files = SnapshotFile.objects.for_tenant(tenant).kept()
    whole = files.aggregate(files=Count("pk"), bytes=Sum("size_bytes", default=0), oldest=Min("created_at"))
    return Kept(
        **whole,
        past_days=SnapshotFile.objects.past_days(tenant, now).count(),
        to_move=_to_move(tenant).count() if tenant.held_since else 0,
        old_copies=SnapshotFile.objects.for_tenant(tenant).exclude(moved_from="").count(),
    )


def move_held(now: datetime, may_go_on: MayGoOn) -> int:
    """Go on with the files of every held company, and remove old copies wherever there are some; how many files. Outside any scope."""
    moved = 0
    for tenant_id in list(TenantCode.objects.order_by("tenant").values_list("tenant_id", flat=True)):
        with log_context.about(tenant=tenant_id):
            moved += move_files(tenant_id, now, may_go_on)
            remove_old_copies(tenant_id, now)
    return moved


def _to_move(tenant: Tenant) -> SnapshotFileQuerySet:
    return SnapshotFile.objects.for_tenant(tenant).kept().exclude(key__startswith=f"t/{retention.HELD}/")


def move_files(tenant_id: uuid.UUID, now: datetime, may_go_on: MayGoOn) -> int:
    """Of one company, if it is held. Oldest first: S3's lifecycle would take those first."""
    moved, missing, after = 0, 0, None
    slug = ""
    while may_go_on():
        with tenant_scope(tenant_id):
            tenant = Tenant.objects.get(pk=tenant_id)
            slug = tenant.slug
            batch = _next(tenant, after) if tenant.held_since else []
        if not batch:
            break
        for file in batch:
            try:
                moved += move(file, now)
            except NotFound:
                missing += 1
            except AwsError as error:
                logger.warning("held files cannot be moved: %s", error)
                return moved
        after = batch[-1]
    if missing:
        sentence = f"{missing} file(s) of {slug}, which is under a legal hold, are not in S3 where their rows say. What removed them?"
        alert(ALARM, f"{sentence} The bucket's lifecycle rules: manage.py doctor.", slug)
    elif moved:
        settle(ALARM, slug)
    return moved


def _next(tenant: Tenant, after: SnapshotFile | None) -> list[SnapshotFile]:
    files = _to_move(tenant).select_related("job").order_by("created_at", "id")
    if after is not None:
        files = files.filter(Q(created_at__gt=after.created_at) | Q(created_at=after.created_at, id__gt=after.pk))
    return list(files[:BATCH])


def move(file: SnapshotFile, now: datetime) -> bool:
    """False: somebody else moved or removed it meanwhile. Outside any scope. Raises NotFound when S3 has it no more, and AwsError."""
    account, to = read_facts(file.job.account_id), retention.held_key(file.key)
    copied = removal.copy(account, file.bucket, file.key, to, file.version_id)
    if copied.size_bytes != file.size_bytes:
        raise AwsError("SizeChanged", f"{file.pk} has {copied.size_bytes} bytes in S3, and {file.size_bytes} in its row")
    with tenant_scope(file.tenant_id):
        mine = SnapshotFile.objects.filter(tenant=file.tenant_id, pk=file.pk)
        changes = {"key": to, "moved_from": file.key, "moved_at": now, "version_id": copied.version_id}
        if mine.filter(key=file.key, purged_at=None).update(**changes):
            return True
        is_moved = mine.filter(key=to, purged_at=None).exists()
    if not is_moved:
        # Purged meanwhile, after a release: no rule of S3 would ever remove this copy.
        _remove_object(account, file.bucket, to)
    return False


def remove_old_copies(tenant_id: uuid.UUID, now: datetime) -> None:
    """No URL leads to them any more."""
    signed_for = timedelta(seconds=max(settings.PRESIGNED_SECONDS, settings.PORTAL_COMPAT_URL_SECONDS)) + SPARE
    with tenant_scope(tenant_id):
        moved = SnapshotFile.objects.filter(tenant=tenant_id, moved_at__lte=now - signed_for).exclude(moved_from="")
        batch = list(moved.select_related("job").order_by("moved_at")[:BATCH])
    for file in batch:
        account = read_facts(file.job.account_id)
        try:
            _remove_object(account, file.bucket, file.moved_from)
        except AwsError as error:
            logger.warning("old copies of held files cannot be removed: %s", error)
            return
        with tenant_scope(tenant_id):
            SnapshotFile.objects.filter(tenant=tenant_id, pk=file.pk, moved_from=file.moved_from).update(moved_from="")


def _remove_object(account: AccountFacts, bucket: str, key: str) -> None:
    found = removal.versions(account, bucket, key)
    removal.remove(account, bucket, (version for version in found if version.key == key))
