"""S3's events of new objects, taken from an SQS queue while a pump turns: a hint to look at a job now, and nothing more.

What an event says is not believed, and whoever can write to the queue can cause a look at a job, at most. It may come twice, late, in any
order, or never: then the job is looked at when it would have been anyway. A queue that is away costs calls to QuickSight and no job.
"""

from __future__ import annotations

import logging
import re
import threading
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from reports.aws import queue, s3_events
from reports.aws.errors import AwsError
from reports.aws.s3_events import NotAnEvent, ObjectCreated
from reports.retention import CLASSES, HELD
from tenants.scope import engine_scope

logger = logging.getLogger(__name__)
FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0
# Where a job's files are put: t/<retention class>/<tenant>/<job>/<name>, see reports/retention.py.
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
KEY = re.compile(rf"t/(?:{'|'.join((*CLASSES, HELD))})/({UUID})/({UUID})/.+", re.DOTALL)

# Locked in one order, so that two who listen never wait for each other. A job that waits out a back-off is not woken: it asks later
# because QuickSight wanted that, or because of a fault of ours.
WAKE = """
with told as materialized (
    select * from unnest(%(jobs)s::uuid[], %(tenants)s::uuid[], %(buckets)s::text[], %(accounts)s::text[])
             as told (job_id, tenant_id, bucket, aws_account_id)),
judged as materialized (
    select job.id, job.account_id,
           case when job.id is null then 'an unknown job'
                when job.tenant_id <> told.tenant_id then 'a job of another tenant'
                when told.bucket not in (%(own_bucket)s, tenant.bucket) then 'a foreign bucket'
                when told.aws_account_id not in ('', account.aws_account_id) then 'a foreign account'
                else '' end as refused
      from told left join reports_snapshotjob job on job.id = told.job_id
                left join tenants_tenant tenant on tenant.id = job.tenant_id
                left join reports_account account on account.id = job.account_id),
seen as materialized (
    select id from reports_snapshotjob
     where id in (select id from judged where refused = '') and status in ('starting', 'running', 'collecting')
     order by id for update),
woken as (
    update reports_snapshotjob job
       set object_seen_at = statement_timestamp(),
           next_look_at = case when job.status <> 'starting' and job.waiting = '' and job.crashes = 0
                               then statement_timestamp() else job.next_look_at end
      from seen where job.id = seen.id)
select account_id, refused from judged
"""
# Not in the transaction before: the pump holds this row while it takes jobs.
HEARD = """
update reports_pump set heard_at = statement_timestamp()
 where account_id = any(%(accounts)s) and (heard_at is null or heard_at < statement_timestamp() - interval '1 s')
"""


@dataclass(frozen=True)
class Hint:
    job_id: uuid.UUID
    tenant_id: uuid.UUID
    bucket: str
    account: str


class Trouble:
    """Of this process, because each pump listens anew: what was said of it already, and how long to wait."""

    def __init__(self) -> None:
        self._what, self._times = "", 0

    def wait(self, what: str) -> float:
        """Seconds until the next try. Logs what is new."""
        if what != self._what:
            logger.warning("the queue of object events: %s; until it goes on, QuickSight is asked instead", what)
        self._what, self._times = what, self._times + 1
        return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self._times - 1, 10))

    def over(self) -> None:
        if self._what:
            logger.warning("the queue of object events goes on")
        self._what, self._times = "", 0


_trouble = Trouble()


@contextmanager
def listening() -> Iterator[None]:
    """A thread listens meanwhile, if there is a queue. It ends after its last poll, and nobody waits for that: what it hears until then it
    still takes in, and what it leaves comes again."""
    url, ended = settings.PORTAL_EVENT_QUEUE_URL, threading.Event()
    if url:
        threading.Thread(target=_listen, args=(url, ended), daemon=True, name="events").start()
    try:
        yield
    finally:
        ended.set()


def _listen(url: str, ended: threading.Event) -> None:
    try:
        while not ended.is_set():
            ended.wait(listen(url))
    finally:
        connection.close()


def listen(url: str) -> float:
    """Wait a few seconds for messages and take in what came. Seconds to wait before the next time; a fault of ours stops nothing."""
    try:
        messages = queue.receive(settings.AWS_REGION, url)
        take_in(message.body for message in messages)
        if messages:
            queue.delete(settings.AWS_REGION, url, messages)
        else:
            # Quiet hours need no connection to the database.
            connection.close()
    except AwsError as error:
        connection.close()
        return _trouble.wait(f"AWS says {error.code}")
    except (OperationalError, InterfaceError):
        connection.close()
        return _trouble.wait("the database did not answer")
    except Exception:
        # The messages come again, and after some times go where the queue puts what nobody could use.
        logger.exception("events of objects could not be taken in")
        connection.close()
        return _trouble.wait("a fault of ours")
    _trouble.over()
    return 0


def take_in(bodies: Iterable[str]) -> None:
    """Jobs that messages are about are due now. What is none of ours is counted in the log, without a word of it."""
    refused, hints = Counter[str](), list[Hint]()
    for body in bodies:
        try:
            hints += [_hint(created) for created in s3_events.read(body)]
        except NotAnEvent as reason:
            refused[str(reason)] += 1
    refused.update(_wake(hints))
    if refused:
        logger.warning("events of objects refused: %s", ", ".join(f"{number} of {why}" for why, number in sorted(refused.items())))


def _hint(created: ObjectCreated) -> Hint:
    match = KEY.fullmatch(created.key)
    if match is None:
        raise NotAnEvent("a key that no job writes to")
    return Hint(uuid.UUID(match[2]), uuid.UUID(match[1]), created.bucket, created.account)


def _wake(hints: Sequence[Hint]) -> list[str]:
    """Why hints were refused."""
    if not hints:
        return []
    told: dict[str, Any] = {
        "own_bucket": settings.PORTAL_BUCKET,
        "jobs": [hint.job_id for hint in hints],
        "tenants": [hint.tenant_id for hint in hints],
        "buckets": [hint.bucket for hint in hints],
        "accounts": [hint.account for hint in hints],
    }
    with engine_scope(), connection.cursor() as cursor:
        cursor.execute(WAKE, told)
        judged = cursor.fetchall()
    if heard := {account_id for account_id, refused in judged if not refused}:
        with engine_scope(), connection.cursor() as cursor:
            cursor.execute(HEARD, {"accounts": list(heard)})
    return [refused for _account_id, refused in judged if refused]
