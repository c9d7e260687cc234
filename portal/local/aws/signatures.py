"""Verifies signatures with botocore's own signers: SigV4 in headers and in presigned query strings, SigV2 in the latter."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

TIMESTAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Scope:
    """The credential scope: `<access key>/<date>/<region>/<service>/aws4_request`."""

    access_key: str
    region: str
    service: str

    @classmethod
    def parse(cls, text: str) -> Scope:
        parts = text.split("/")
        if len(parts) != 5 or parts[4] != "aws4_request":
            raise ValueError("malformed credential scope")
        return cls(parts[0], parts[2], parts[3])


@dataclass(frozen=True)
class Authorization:
    scope: Scope
    signed_headers: tuple[str, ...]
    signature: str

    @classmethod
    def parse(cls, header: str) -> Authorization:
        algorithm, _, rest = header.partition(" ")
        fields = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if algorithm != "AWS4-HMAC-SHA256" or not {"Credential", "SignedHeaders", "Signature"} <= fields.keys():
            raise ValueError("not a SigV4 authorization")
        return cls(Scope.parse(fields["Credential"]), tuple(fields["SignedHeaders"].split(";")), fields["Signature"])


def header_signature_is_good(
    authorization: Authorization, secret: str, method: str, url: str, headers: Mapping[str, str], body: bytes
) -> bool:
    scope = authorization.scope
    signed = {name: headers.get(name, "") for name in authorization.signed_headers}
    request = AWSRequest(method=method, url=url, headers=signed, data=body)
    request.context["timestamp"] = headers.get("x-amz-date", "")
    signer_class = S3SigV4Auth if scope.service == "s3" else SigV4Auth
    signer = signer_class(Credentials(scope.access_key, secret), scope.service, scope.region)
    return _is_same(signer, request, authorization.signature)


def query_signature_is_good(query: Mapping[str, str], secret: str, method: str, unsigned_url: str, host: str) -> bool:
    """`unsigned_url` is the presigned URL without X-Amz-Signature."""
    scope = Scope.parse(query["X-Amz-Credential"])
    request = AWSRequest(method=method, url=unsigned_url, headers={"host": host})
    request.context["timestamp"] = query["X-Amz-Date"]
    signer = S3SigV4QueryAuth(Credentials(scope.access_key, secret), scope.service, scope.region)
    return _is_same(signer, request, query["X-Amz-Signature"])


def old_signature_is_good(query: Mapping[str, str], secret: str, method: str, url: str) -> bool:
    """Signature version 2: the moment of expiry stands where a request signed in its header has its date."""
    signer = HmacV1QueryAuth(Credentials(query["AWSAccessKeyId"], secret))
    signer._get_date = lambda: query["Expires"]
    return hmac.compare_digest(signer.get_signature(method, urlsplit(url), HTTPHeaders()), query["Signature"])


def presigned_url(url: str, access_key: str, secret: str, region: str, seconds: int) -> str:
    request = AWSRequest(method="GET", url=url)
    S3SigV4QueryAuth(Credentials(access_key, secret), "s3", region, expires=seconds).add_auth(request)
    return str(request.url)


def _is_same(signer: SigV4Auth, request: AWSRequest, signature: str) -> bool:
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return hmac.compare_digest(expected, signature)


def moment(text: str) -> datetime:
    return datetime.strptime(text, TIMESTAMP).replace(tzinfo=UTC)
