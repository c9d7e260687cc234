"""boto3 clients: one per account and service, kept for the life of the process, with limits and retries of our own."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials, create_assume_role_refresher
from botocore.session import get_session

# One attempt: the engine must see every call, because each counts against the account's request rate, and because
# botocore's own retries repeat even a refused LimitExceededException.
ONE_ATTEMPT = {"mode": "standard", "total_max_attempts": 1}
QUICKSIGHT = Config(retries=ONE_ATTEMPT, connect_timeout=5, read_timeout=30, max_pool_connections=32)
# Path-style and SigV4: the default still signs SigV2 in older regions, and custom endpoints have no host per bucket.
S3 = Config(
    retries={"mode": "standard", "total_max_attempts": 3},
    connect_timeout=5,
    read_timeout=60,
    signature_version="s3v4",
    s3={"addressing_style": "path"},
    max_pool_connections=32,
)
# While a person waits for the answer to a click.
S3_QUICK = S3.merge(Config(retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=2, read_timeout=3))
# Into a bucket that is not ours; 30 seconds without a byte are a hang.
S3_ONCE = S3.merge(Config(retries=ONE_ATTEMPT, read_timeout=30))
STS = Config(retries=ONE_ATTEMPT, connect_timeout=5, read_timeout=10)
# One attempt: a mail is tried again by its row, and a second one that nobody counted could be a second mail.
SES = Config(retries=ONE_ATTEMPT, connect_timeout=10, read_timeout=30, max_pool_connections=32)
# Longer than a poll waits (reports/aws/queue.py).
SQS = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=10)


@dataclass(frozen=True)
class AccountFacts:
    """Where to call and as whom; plain values, so that this package knows no models."""

    aws_account_id: str
    region: str
    role_arn: str = ""
    external_id: str = ""


_lock = threading.Lock()
_clients: dict[tuple[Any, ...], Any] = {}


def quicksight_client(account: AccountFacts) -> Any:
    return _client("quicksight", account, QUICKSIGHT)


def s3_client(account: AccountFacts, endpoint_url: str = "") -> Any:
    return _client("s3", account, S3, endpoint_url)


def quick_s3_client(account: AccountFacts) -> Any:
    """One that gives up within ten seconds."""
    return _client("s3", account, S3_QUICK)


def ses_client(account: AccountFacts) -> Any:
    return _client("sesv2", account, SES)


def sqs_client(account: AccountFacts) -> Any:
    return _client("sqs", account, SQS)


def _client(service: str, account: AccountFacts, config: Config, endpoint_url: str = "") -> Any:
    key = (service, account.region, account.role_arn, account.external_id, endpoint_url, config is S3_QUICK)
    with _lock:
        if key not in _clients:
            _clients[key] = _session(account).client(service, config=config, endpoint_url=endpoint_url or None)
        return _clients[key]


def _session(account: AccountFacts) -> boto3.session.Session:
    if not account.role_arn:
        return boto3.session.Session(region_name=account.region)
    request = {"RoleArn": account.role_arn, "RoleSessionName": "fanfold"} | (
        {"ExternalId": account.external_id} if account.external_id else {}
    )
    session = get_session()
    # Not boto3.client: that one's credentials stay for the life of the process, and could not be read afresh.
    sts = boto3.session.Session(region_name=account.region).client("sts", config=STS)
    session._credentials = DeferredRefreshableCredentials(create_assume_role_refresher(sts, request), method="sts-assume-role")
    return boto3.session.Session(botocore_session=session, region_name=account.region)


def renew(account: AccountFacts, refused: Any) -> None:
    """Read the account's credentials afresh for its next client, unless a thread that was refused too has done so meanwhile.

    `refused` is the client whose call was refused; None: there are no credentials to make one with.
    """
    with _lock:
        if refused is None or refused in _clients.values():
            for key in [key for key in _clients if key[1:4] == (account.region, account.role_arn, account.external_id)]:
                del _clients[key]


def forget() -> None:
    """Drop all clients: for processes whose environment changed, and children that inherited open connections."""
    with _lock:
        _clients.clear()


def foreign_s3_client(account: AccountFacts) -> Any:
    """As somebody else's role, for one errand: nothing is kept, so that what its owner changes holds from the next errand on.

    One attempt: what is placed once only has to know which of its calls placed it. Raises as botocore does.
    """
    request = {"RoleArn": account.role_arn, "RoleSessionName": "fanfold"} | (
        {"ExternalId": account.external_id} if account.external_id else {}
    )
    sts = boto3.session.Session(region_name=account.region).client("sts", config=STS)
    keys = sts.assume_role(**request)["Credentials"]
    session = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=account.region)
    return session.client("s3", config=S3_ONCE)
