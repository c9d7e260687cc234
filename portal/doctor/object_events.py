"""S3's events: whether their queue can be read, and whether any came. No transaction is open over the call."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import OuterRef, Subquery

from portal.doctor.aws import refusal
from portal.doctor.finding import Finding, Findings, fail, ok, warn
from reports.aws import queue
from reports.aws.errors import AwsError, NotFound
from reports.models import Account, SnapshotJob
from tenants.scope import engine_scope

# Later than events come; so one of the files of the last job should have been told of.
LATE = timedelta(minutes=10)
SEE = 'docs/operations.md, "Object events"'


def object_events() -> Findings:
    if not settings.PORTAL_EVENT_QUEUE_URL:
        yield ok("not switched on; QuickSight is asked whether jobs have ended")
        return
    yield _readable()
    completed = SnapshotJob.objects.filter(account=OuterRef("pk"), status=SnapshotJob.Status.COMPLETED).order_by("-finished_at")
    with engine_scope():
        accounts = Account.objects.annotate(completed_at=Subquery(completed.values("finished_at")[:1])).select_related("pump")
        facts = [(account.name, account.pump.heard_at, account.completed_at) for account in accounts.order_by("name")]
    for name, heard_at, completed_at in facts:
        if completed_at is not None and (heard_at is None or heard_at < completed_at - LATE):
            heard = f"since {heard_at:%Y-%m-%d %H:%M}Z" if heard_at else "ever"
            yield warn(f"a job completed at {completed_at:%Y-%m-%d %H:%M}Z, and no event was heard {heard}", SEE, of=name)
        else:
            yield ok(f"last heard at {heard_at:%Y-%m-%d %H:%M}Z" if heard_at else "nothing to hear yet", of=name)


def _readable() -> Finding:
    try:
        queue.look_into(settings.AWS_REGION, settings.PORTAL_EVENT_QUEUE_URL)
    except NotFound:
        return fail("there is no such queue", "PORTAL_EVENT_QUEUE_URL, and AWS_REGION, which has to be the queue's")
    except AwsError as error:
        return refusal(error, "queue", "sqs:ReceiveMessage and sqs:DeleteMessage", "PORTAL_EVENT_QUEUE_URL")
    return ok("can be read", of="queue")
