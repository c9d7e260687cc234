"""Queues that hear of the pretend AWS's objects, and messages that somebody else wrote."""

from __future__ import annotations

import json
import uuid
from typing import Any
from urllib.parse import quote_plus

from tests.pretend_aws import ACCOUNT, BUCKET, Server

FORMS = ("eventbridge", "direct")


def make_queue(aws: Server, **attributes: str) -> str:
    """Its URL. Nobody writes to it but the test."""
    return str(aws.client("sqs").create_queue(QueueName=f"events-{uuid.uuid4()}", Attributes=attributes)["QueueUrl"])


def have_told(aws: Server, form: str, **attributes: str) -> str:
    """From now on the bucket tells a new queue of its objects. The queue's URL."""
    url = make_queue(aws, **attributes)
    arn = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    wanted: dict[str, Any] = {"QueueConfigurations": [{"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}]}
    if form == "eventbridge":
        wanted = {"EventBridgeConfiguration": {}}
        events = aws.client("events")
        events.put_rule(Name="created", EventPattern=json.dumps({"source": ["aws.s3"]}))
        events.put_targets(Rule="created", Targets=[{"Id": "queue", "Arn": arn}])
    aws.client("s3").put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration=wanted, SkipDestinationValidation=True)
    return url


def send(aws: Server, url: str, *bodies: Any) -> None:
    for body in bodies:
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body if isinstance(body, str) else json.dumps(body))


def left_in(aws: Server, url: str) -> int:
    """Messages, whether somebody has them in hand or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)


def key_of(job: Any, name: str = "opaque näme.csv", *, tenant: Any = None) -> str:
    return f"t/r90/{tenant.pk if tenant else job.tenant_id}/{job.pk}/{name}"


def bridged(key: Any, *, bucket: Any = BUCKET, account: Any = ACCOUNT, **changes: Any) -> dict[str, Any]:
    detail = {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": 5, "sequencer": "01"}, "reason": "PutObject"}
    return {"version": "0", "detail-type": "Object Created", "source": "aws.s3", "account": account, "detail": detail} | changes


def direct(key: str, *, bucket: Any = BUCKET, **changes: Any) -> dict[str, Any]:
    s3 = {"bucket": {"name": bucket}, "object": {"key": quote_plus(key, safe="/"), "size": 5, "sequencer": "01"}}
    return {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "s3": s3} | changes]}
