"""Who hears of new objects, when, and how often: what buckets' notification configurations and EventBridge's rules say, and the switches.

moto tells at once, in forms that differ from S3's in the names of fields and the encoding of keys. So what it calls for that is replaced.
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from moto.events.models import events_backends
from moto.s3 import notifications
from moto.s3.models import s3_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends

from portal.local.aws.event_forms import NewObject, bridged, direct, trial
from portal.local.aws.jobs import Job, Jobs
from portal.local.aws.switches import Switches

PUT = "s3:ObjectCreated:Put"
CREATED = "s3:ObjectCreated:"
TICK_SECONDS = 0.02
# How much later every other one comes where they come out of order.
DISORDER_SECONDS = 1.0


@dataclass(frozen=True, eq=False)
class Pending:
    """`since` says when it happened; None: not yet."""

    since: Callable[[], float | None]
    delay: float
    send: Callable[[float], None]

    def at(self) -> float:
        happened = self.since()
        return math.inf if happened is None else happened + self.delay


class ObjectEvents:
    def __init__(self, account: str, switches: Switches, jobs: Jobs) -> None:
        self._account, self._switches, self._jobs = account, switches, jobs
        self._changed = threading.Condition()
        self._pending: list[Pending] = []
        self._count = 0
        notifications.send_event = self._heard
        notifications.send_test_event = self._try_out
        threading.Thread(target=self._tell, daemon=True, name="object-events").start()

    def written(self, job: Job, bucket: str, key: str) -> None:
        """A file of a job. S3 tells of it at the job's end, however long before it was drawn; or by a switch when it was drawn."""
        drawn_at = self._jobs.now()
        early = self._switches.early_events
        self._note(PUT, bucket, key, since=lambda: drawn_at if early else self._jobs.end_of(job))

    def clear(self) -> None:
        """What was not told yet never is, and nobody listens any more."""
        with self._changed:
            self._pending.clear()
            self._count = 0
        for bucket in s3_backends[self._account]["aws"].buckets.values():
            bucket.notification_configuration = None
        for backend in events_backends[self._account].values():
            backend.reset()

    def _heard(self, account_id: str, event_name: str, bucket: Any, key: Any) -> None:
        """In the place of moto's: what clients put into a bucket. Nothing is told of deletions and the like."""
        name, at = notifications.S3NotificationEvent(event_name).value, self._jobs.now()
        # Of an object in parts moto tells twice, the first time as if it had been put.
        in_parts = key.multipart is not None and name == PUT
        if name.startswith(CREATED) and not in_parts:
            self._note(name, bucket.name, key.name, since=lambda: at)

    def _try_out(self, account_id: str, bucket: Any) -> None:
        for queue in bucket.notification_configuration.queue:
            self._put(queue.arn, trial(bucket.name, self._jobs.now()))

    def _note(self, name: str, bucket: str, key: str, *, since: Callable[[], float | None]) -> None:
        found = s3_backends[self._account]["aws"].buckets[bucket]
        if found.notification_configuration is None or random.random() >= self._switches.event_share:
            return
        stored = found.keys[key]
        new = NewObject(name, self._account, found.region_name, bucket, key, stored.size, stored.etag.strip('"'))
        with self._changed:
            for _ in range(self._switches.event_copies):
                self._pending.append(Pending(since, self._delay(), lambda at: self._send(new, at)))
            self._changed.notify()

    def _delay(self) -> float:
        switches = self._switches
        self._count += 1
        late = switches.event_delay * math.exp(random.gauss(0, switches.event_spread))
        return late + (DISORDER_SECONDS if switches.event_disorder and self._count % 2 else 0)

    def _tell(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._pending)
                now = self._jobs.now()
                due = [pending for pending in self._pending if pending.at() <= now]
                self._pending = [pending for pending in self._pending if pending not in due]
            for pending in sorted(due, key=Pending.at):
                pending.send(pending.at() - pending.delay)
            time.sleep(TICK_SECONDS)

    def _send(self, new: NewObject, at: float) -> None:
        bucket = s3_backends[self._account]["aws"].buckets.get(new.bucket)
        told = bucket.notification_configuration if bucket else None
        if told is None:
            return
        for queue in told.queue:
            if queue.matches(new.name, new.key):
                self._put(queue.arn, direct(new, queue.id, at))
        if told.event_bridge is not None:
            rules = events_backends[self._account][new.region].event_buses["default"].rules
            for rule in [rule for rule in rules.values() if rule.state == "ENABLED"]:
                with suppress(QueueDoesNotExist):
                    rule.send_to_targets(bridged(new, at), transform_input=False)

    def _put(self, arn: str, body: dict[str, Any]) -> None:
        """A queue that is gone hears nothing, and nobody is told of that."""
        region, name = arn.split(":")[3], arn.rpartition(":")[2]
        with suppress(QueueDoesNotExist):
            sqs_backends[self._account][region].send_message(name, json.dumps(body))
