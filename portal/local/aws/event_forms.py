"""The forms in which S3 tells of a new object: EventBridge's event, or `Records` of its own, and the test message before those."""

from __future__ import annotations

import itertools
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote_plus

from moto.events.utils import EventMessageType

# What EventBridge calls it, by the last word of S3's own name.
REASONS = {"Put": "PutObject", "Post": "POST Object", "Copy": "CopyObject", "CompleteMultipartUpload": "CompleteMultipartUpload"}
_sequence = itertools.count(1)


@dataclass(frozen=True)
class NewObject:
    """`name` is S3's word for how it came, such as `s3:ObjectCreated:Put`."""

    name: str
    account: str
    region: str
    bucket: str
    key: str
    size: int
    etag: str

    @property
    def way(self) -> str:
        return self.name.rpartition(":")[2]


def bridged(new: NewObject, at: float) -> EventMessageType:
    """The key as it is. `time` is a number here: moto's rules write it out."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": new.account,
        "time": at,
        "region": new.region,
        "resources": [f"arn:aws:s3:::{new.bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": new.bucket},
            "object": {"key": new.key, "size": new.size, "etag": new.etag, "sequencer": _sequencer()},
            "request-id": _request_id(),
            "requester": new.account,
            "source-ip-address": "198.51.100.7",
            "reason": REASONS[new.way],
        },
    }


def direct(new: NewObject, configuration: str, at: float) -> dict[str, Any]:
    """The key as in a form: a blank is a plus; only the slash is left alone."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": new.region,
        "eventTime": _moment(at),
        "eventName": new.name.removeprefix("s3:"),
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:session"},
        "requestParameters": {"sourceIPAddress": "198.51.100.7"},
        "responseElements": {"x-amz-request-id": _request_id(), "x-amz-id-2": "EXAMPLE"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration,
            "bucket": {
                "name": new.bucket,
                "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                "arn": f"arn:aws:s3:::{new.bucket}",
            },
            "object": {"key": quote_plus(new.key, safe="/"), "size": new.size, "eTag": new.etag, "sequencer": _sequencer()},
        },
    }
    return {"Records": [record]}


def trial(bucket: str, at: float) -> dict[str, str]:
    """What S3 sends to a queue that it is to tell from now on."""
    facts = {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": _moment(at), "Bucket": bucket}
    return facts | {"RequestId": _request_id(), "HostId": "EXAMPLE"}


def _sequencer() -> str:
    return f"{next(_sequence):018X}"


def _request_id() -> str:
    return uuid.uuid4().hex[:16].upper()


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
