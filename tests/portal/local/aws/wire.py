"""Requests without boto3, which would not send what is wrong and shows no headers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from portal.local.aws.options import ACCESS_KEY, SECRET_KEY
from tests.pretend_aws import ACCOUNT, Server

Answer = tuple[int, dict[str, str], dict[str, Any]]
SNAPSHOTS = f"/accounts/{ACCOUNT}/dashboards/daily-calls/snapshot-jobs"


def signed(aws: Server, method: str, path: str, body: bytes = b"", secret: str = SECRET_KEY) -> urllib.request.Request:
    request = AWSRequest(method=method, url=aws.url + path, data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(ACCESS_KEY, secret), "quicksight", "us-east-1").add_auth(request)
    return urllib.request.Request(request.url, body or None, dict(request.headers.items()), method=method)


def raw(request: urllib.request.Request) -> Answer:
    """Status, headers and the JSON body."""
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), json.load(error)


def start(aws: Server, request: dict[str, Any]) -> Answer:
    """A start request with a body that boto3 has not looked at."""
    body = {name: value for name, value in request.items() if name not in ("AwsAccountId", "DashboardId")}
    return raw(signed(aws, "POST", SNAPSHOTS, json.dumps(body).encode()))
