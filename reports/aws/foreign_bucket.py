"""The only door to buckets of others: objects are placed there under names that are free, with a role of the bucket's owner."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from reports.aws.asking import traced
from reports.aws.clients import AccountFacts, foreign_s3_client
from reports.aws.errors import AccessDenied, AwsError, CredentialsRefused, translate

# S3's answer where `If-None-Match: *` does not hold, and where another upload to the same name was under way.
TAKEN, CONFLICT = "PreconditionFailed", "ConditionalRequestConflict"
STS_DENIED = "AccessDenied"


class RoleRefused(AwsError):
    """The role does not exist, or does not trust us with this external id."""


class NameTaken(AwsError):
    """There is an object of that name. Nothing was changed."""


class ForeignBucket:
    """`owner` is the account whose the bucket has to be; empty: anybody's. Takes on the role at once; raises AwsError."""

    def __init__(self, role: AccountFacts, bucket: str, owner: str = "") -> None:
        self._role, self._client = role, _as_role(role)
        self._bucket = {"Bucket": bucket} | ({"ExpectedBucketOwner": owner} if owner else {})

    def place(self, key: str, content: Path, size_bytes: int, sha256: bytes) -> None:
        """Whole or not at all, and never over another object. Raises NameTaken, AwsError; Unanswered: it may be there."""
        checksum = base64.b64encode(sha256).decode()
        try:
            with content.open("rb") as body, traced(self._role, ("S3", "PutObject")):
                self._client.put_object(
                    **self._bucket, Key=key, Body=body, ContentLength=size_bytes, ChecksumSHA256=checksum, IfNoneMatch="*"
                )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") == TAKEN:
                raise NameTaken(TAKEN, key) from error
            raise translate(error) from error
        except BotoCoreError as error:
            raise translate(error) from error

    def write(self, key: str, body: bytes) -> None:
        """Over what was there: for a mark of our own. Raises AwsError."""
        self._do(lambda: self._client.put_object(**self._bucket, Key=key, Body=body))

    def can_be_listed(self) -> bool:
        """Raises AwsError."""
        try:
            self._do(lambda: self._client.list_objects_v2(**self._bucket, MaxKeys=1))
        except AccessDenied:
            return False
        return True

    def _do(self, act: Any) -> None:
        try:
            act()
        except (ClientError, BotoCoreError) as error:
            raise translate(error) from error


def is_open_to_all_our_customers(role: AccountFacts) -> bool:
    """Whether the role lets us in without its external id: then it does for whoever names it to us. Raises AwsError."""
    try:
        _as_role(AccountFacts(role.aws_account_id, role.region, role.role_arn))
    except RoleRefused:
        return False
    return True


def _as_role(role: AccountFacts) -> Any:
    try:
        with traced(role, ("STS", "AssumeRole")):
            return foreign_s3_client(role)
    except (ClientError, BotoCoreError) as error:
        refusal = translate(error)
        if isinstance(refusal, CredentialsRefused) and refusal.code == STS_DENIED:
            raise RoleRefused(refusal.code, refusal.message) from error
        raise refusal from error
