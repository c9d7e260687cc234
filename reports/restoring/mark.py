"""The mark: a small object in the bucket that counts on with the database, and so tells one that was put back to an earlier time.

The database counts first and the object follows, so an object that is ahead has seen a later database than this one. No clock decides.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from reports.aws import storage
from reports.aws.clients import AccountFacts
from reports.aws.errors import AwsError, NotFound
from reports.delivery import sent_log
from reports.models import Delivery, Installation
from reports.restoring import mode, server
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
PREFIX = "_fanfold/"
# Of the log that is compared where the server changed and the mark did not: the mark is a minute coarse, a lost second is not.
COMPARED = timedelta(minutes=10)


@dataclass(frozen=True)
class Mark:
    generation: int
    at: datetime


def bucket_facts() -> AccountFacts:
    """The portal's own bucket, with the portal's own credentials."""
    return AccountFacts(aws_account_id="", region=settings.AWS_REGION)


def key_of(row: Installation) -> str:
    return f"{PREFIX}{row.key}/mark.json"


def read(row: Installation) -> Mark | None:
    """None: there is none, in a new installation or a new bucket. Raises AwsError. Outside any transaction."""
    try:
        told = json.loads(storage.read_quickly(bucket_facts(), settings.PORTAL_BUCKET, key_of(row)))
    except NotFound:
        return None
    return Mark(int(told["generation"]), datetime.fromisoformat(told["at"]))


def make() -> None:
    """Each minute: compare, then count on. Outside any scope."""
    row = mode.installation()
    if not settings.PORTAL_BUCKET or row.restored_at or not compare():
        return
    with engine_scope():
        if not Installation.objects.filter(restored_at=None).update(generation=F("generation") + 1):
            return
        row = Installation.objects.annotate(now=Now()).get()
    write(row, row.now)


def write(row: Installation, now: datetime) -> bool:
    """Whether S3 took it. What `row` says is committed. Outside any scope."""
    told = {"generation": row.generation, "at": now.isoformat()}
    try:
        storage.write(bucket_facts(), settings.PORTAL_BUCKET, key_of(row), json.dumps(told).encode())
    except AwsError as error:
        logger.warning("the mark of this installation could not be written: %s", error)
        return False
    with engine_scope():
        Installation.objects.update(marked_at=now, server=server.identity())
    return True


def compare() -> bool:
    """Whether work may go on: the database is not behind its mark, or S3 does not say and it is the same server as before.

    Begins restored mode where it is behind. Outside any scope.
    """
    if not settings.PORTAL_BUCKET:
        return True
    before = mode.installation()
    changed = bool(before.server) and before.server != server.identity()
    try:
        mark = read(before)
        # Read after the mark: another host may have counted on meanwhile, here first and then there.
        row = mode.installation()
        if mark and mark.generation > row.generation:
            mode.begin(Installation.Because.BEHIND, behind=mark.generation)
            return False
        if changed and row.marked_at and _has_unknown_mails(row.marked_at):
            mode.begin(Installation.Because.UNKNOWN_MAILS)
            return False
    except AwsError as error:
        if changed:
            logger.warning("another database server than before, and S3 does not say whether its data are a backup; waiting: %s", error)
            return False
        logger.warning("S3 does not say whether this database is a backup; going on: %s", error)
    return True


def _has_unknown_mails(since: datetime) -> bool:
    """Whether mails left lately that this database has not even begun to send, as after the loss of the last second's transactions."""
    log = sent_log.read(since - COMPARED, sent_log.database_now())
    ids = [line.id for line in log.left.values() if line.is_delivery]
    with engine_scope():
        begun = set(Delivery.objects.filter(pk__in=ids).exclude(status=Delivery.Status.PENDING).values_list("pk", flat=True))
    return not begun.issuperset(ids)
