"""A bucket's lifecycle rules. S3 keeps them as one document, so whoever writes some of them writes all."""

from __future__ import annotations

from typing import Any

from reports.aws.asking import ask
from reports.aws.clients import AccountFacts, s3_client
from reports.aws.errors import Rejected

Rule = dict[str, Any]
NO_RULES = "NoSuchLifecycleConfiguration"
# Of the whole document, beside its rules: kept as it was.
SIZES = "TransitionDefaultMinimumObjectSize"


def rules(account: AccountFacts, bucket: str) -> list[Rule]:
    """As S3 tells them; none where none were ever written. Raises AwsError."""
    return list(_document(account, bucket).get("Rules", ()))


def put_rules(account: AccountFacts, bucket: str, wanted: list[Rule]) -> None:
    """In place of all that were there. Raises AwsError."""
    kept = {name: value for name, value in _document(account, bucket).items() if name == SIZES}
    ask(
        account,
        ("S3", "PutBucketLifecycleConfiguration"),
        s3_client,
        lambda client: client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": wanted}, **kept),
    )


def _document(account: AccountFacts, bucket: str) -> dict[str, Any]:
    try:
        return dict(
            ask(
                account,
                ("S3", "GetBucketLifecycleConfiguration"),
                s3_client,
                lambda client: client.get_bucket_lifecycle_configuration(Bucket=bucket),
            )
        )
    except Rejected as none:
        if none.code != NO_RULES:
            raise
        return {}
