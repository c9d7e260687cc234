"""What `--events` makes at the start: a queue, and buckets that tell it of new objects, as somebody would set it up in AWS."""

from __future__ import annotations

import json
from typing import Any

from moto.events.models import events_backends
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from portal.local.aws.options import EVENT_QUEUE, Options

RULE = "object-created"


def set_up(options: Options) -> None:
    """An empty queue, also where there was one before."""
    if options.events is None:
        return
    sqs = sqs_backends[options.account][options.region]
    if EVENT_QUEUE in sqs.queues:
        sqs.delete_queue(EVENT_QUEUE)
    queue = sqs.create_queue(EVENT_QUEUE)
    if options.events == "eventbridge":
        _add_rule(options, queue.queue_arn)
    told: dict[str, Any] = {"QueueConfiguration": [{"Id": RULE, "Queue": queue.queue_arn, "Event": ["s3:ObjectCreated:*"]}]}
    bridged: dict[str, Any] = {"EventBridgeConfiguration": {}}
    for bucket in options.buckets:
        wanted = told if options.events == "direct" else bridged
        s3_backends[options.account]["aws"].put_bucket_notification_configuration(bucket, wanted)


def _add_rule(options: Options, queue_arn: str) -> None:
    """For all of the portal's buckets: those of tenants are told by the same rule as soon as their notifications go to EventBridge."""
    events = events_backends[options.account][options.region]
    pattern = {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"object": {"key": [{"prefix": "t/"}]}}}
    events.put_rule(RULE, event_pattern=json.dumps(pattern))
    events.put_targets(RULE, None, [{"Id": "queue", "Arn": queue_arn}])
