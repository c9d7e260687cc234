"""What S3 tells of new objects, in the two forms in which a message of a queue may hold it. Whoever wrote it: nothing in it is believed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

# An event has about one thousand characters, and a key at most 1,024 bytes.
LONGEST = 64 * 1024
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
AWS_ACCOUNT = re.compile(r"[0-9]{12}")


class NotAnEvent(Exception):
    """Words of ours only: what was sent instead may hold anything."""


@dataclass(frozen=True)
class ObjectCreated:
    """`account`: AWS's id of the bucket's; empty where the form does not tell it."""

    bucket: str
    key: str
    account: str = ""


def read(body: str) -> list[ObjectCreated]:
    """One for each object; none for the message by which S3 tries out a queue. Raises NotAnEvent."""
    if len(body) > LONGEST:
        raise NotAnEvent("too long")
    try:
        told = json.loads(body)
        if told.get("Event") == "s3:TestEvent":
            return []
        return [_direct(record) for record in told["Records"]] if "Records" in told else [_bridged(told)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotAnEvent("not an event of S3") from None


def _bridged(told: dict[str, Any]) -> ObjectCreated:
    """By EventBridge, which leaves the key as it is."""
    if (told["source"], told["detail-type"]) != ("aws.s3", "Object Created"):
        raise NotAnEvent("another kind of event")
    return _checked(told["detail"]["bucket"]["name"], told["detail"]["object"]["key"], told["account"])


def _direct(record: dict[str, Any]) -> ObjectCreated:
    """By S3 itself, with the key encoded as in a form. Another major version may mean something else."""
    major = record["eventVersion"].partition(".")[0]
    if (record["eventSource"], major) != ("aws:s3", "2") or not record["eventName"].startswith("ObjectCreated:"):
        raise NotAnEvent("another kind of event")
    return _checked(record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"]))


def _checked(bucket: str, key: str, account: str | None = None) -> ObjectCreated:
    if not BUCKET.fullmatch(bucket) or not isinstance(key, str) or not (account is None or AWS_ACCOUNT.fullmatch(account)):
        raise NotAnEvent("not an event of S3")
    return ObjectCreated(bucket, key, account or "")
