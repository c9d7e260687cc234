"""Removing objects from S3, and moving them: every version of them, because in a bucket with versions a plain delete only hides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from boto3.s3.transfer import TransferConfig

from reports.aws.asking import ask
from reports.aws.clients import AccountFacts, s3_client
from reports.aws.errors import AccessDenied, NotFound, Unanswered

# What one DeleteObjects call takes.
MOST_AT_ONCE = 1000
# A part that S3 copies within a read's time-out. One CopyObject takes 5 GB at most; what is larger than a part goes in parts.
PART = 256 * 1024 * 1024
IN_PARTS = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, use_threads=False)
# S3's word for the only version of an object in a bucket without versions.
NO_VERSION = "null"


@dataclass(frozen=True)
class Version:
    """Of an object, or the marker that hides it."""

    key: str
    version_id: str


@dataclass(frozen=True)
class Copied:
    size_bytes: int
    version_id: str


def versions(account: AccountFacts, bucket: str, prefix: str) -> Iterator[Version]:
    """Of all objects below a prefix, a thousand a call. Nothing where there is no such bucket. Raises AwsError."""
    after: dict[str, str] = {}
    while True:
        try:
            page = _page(account, bucket, prefix, after)
        except NotFound:
            return
        for found in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            yield Version(found["Key"], found["VersionId"])
        if not page.get("IsTruncated"):
            return
        after = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}


def _page(account: AccountFacts, bucket: str, prefix: str, after: dict[str, str]) -> dict[str, Any]:
    return ask(
        account, ("S3", "ListObjectVersions"), s3_client, lambda client: client.list_object_versions(Bucket=bucket, Prefix=prefix, **after)
    )


def remove(account: AccountFacts, bucket: str, wanted: Iterable[Version]) -> int:
    """How many were removed. One that is gone already counts too: asked again it comes to the same. Raises AwsError."""
    count = 0
    for batch in _batches(wanted):
        _remove(account, bucket, batch)
        count += len(batch)
    return count


def _remove(account: AccountFacts, bucket: str, batch: list[Version]) -> None:
    answer = ask(account, ("S3", "DeleteObjects"), s3_client, lambda client: client.delete_objects(Bucket=bucket, Delete=_named(batch)))
    if faults := answer.get("Errors"):
        kind = AccessDenied if faults[0]["Code"] == "AccessDenied" else Unanswered
        raise kind(faults[0]["Code"], faults[0].get("Message", ""))


def _batches(wanted: Iterable[Version]) -> Iterator[list[Version]]:
    batch: list[Version] = []
    for version in wanted:
        batch.append(version)
        if len(batch) == MOST_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _named(batch: list[Version]) -> dict[str, Any]:
    return {"Quiet": True, "Objects": [{"Key": version.key, "VersionId": version.version_id} for version in batch]}


def copy(account: AccountFacts, bucket: str, key: str, to: str, version_id: str = "") -> Copied:
    """Inside the bucket and inside S3, whatever its size. Raises NotFound when the object is gone, and AwsError."""
    source = {"Bucket": bucket, "Key": key} | ({"VersionId": version_id} if version_id else {})
    ask(account, ("S3", "CopyObject"), s3_client, lambda client: client.copy(source, bucket, to, Config=IN_PARTS))
    head = ask(account, ("S3", "HeadObject"), s3_client, lambda client: client.head_object(Bucket=bucket, Key=to))
    version = head.get("VersionId", "")
    return Copied(head["ContentLength"], "" if version == NO_VERSION else version)
