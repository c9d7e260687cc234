"""The guard before S3: what a link must not survive."""

from __future__ import annotations

import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from portal.local.aws.options import ACCESS_KEY, SECRET_KEY
from tests.pretend_aws import BUCKET, Server

KEY = "t/a/Report é 1.txt"
BODY = b"0123456789" * 10


@pytest.fixture
def stored(s3: Any) -> str:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY, ContentType="text/plain")
    return KEY


def presigned(s3: Any, seconds: int = 60, **parameters: str) -> str:
    return str(s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": KEY, **parameters}, ExpiresIn=seconds))


def visit(url: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


def test_a_fresh_url_gives_the_object_without_any_header(s3: Any, stored: str) -> None:
    status, _, body = visit(presigned(s3))

    assert (status, body) == (200, BODY)


def test_response_headers_can_be_chosen_when_signing(s3: Any, stored: str) -> None:
    url = presigned(
        s3,
        ResponseContentDisposition="attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20%C3%A9.pdf",
        ResponseContentType="application/pdf",
        ResponseCacheControl="no-store",
    )

    _, headers, _ = visit(url)

    headers = {name.lower(): value for name, value in headers.items()}
    assert headers["content-disposition"] == "attachment; filename=\"a b.pdf\"; filename*=UTF-8''a%20%C3%A9.pdf"
    assert headers["content-type"] == "application/pdf"
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers


def test_a_range_gives_a_part(s3: Any, stored: str) -> None:
    status, _, body = visit(presigned(s3), Range="bytes=10-14")

    assert (status, body) == (206, b"01234")


def test_a_head_request_needs_a_url_of_its_own(s3: Any, stored: str) -> None:
    own = s3.generate_presigned_url("head_object", Params={"Bucket": BUCKET, "Key": KEY}, ExpiresIn=60)

    assert visit(own, "HEAD")[0] == 200
    assert visit(presigned(s3), "HEAD")[0] == 403


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("X-Amz-Expires=60", "X-Amz-Expires=600"),
        ("Report", "Other"),
        ("X-Amz-Signature=", "X-Amz-Signature=0"),
        ("X-Amz-Algorithm", "response-content-type=text%2Fhtml&X-Amz-Algorithm"),
        ("127.0.0.1", "localhost"),
    ],
    ids=["longer", "another key", "another signature", "a further parameter", "another host"],
)
def test_a_changed_url_is_refused(s3: Any, stored: str, old: str, new: str) -> None:
    url = presigned(s3)
    assert old in url

    status, headers, body = visit(url.replace(old, new))

    assert status == 403
    assert headers["Content-Type"] == "application/xml"
    assert b"<Code>SignatureDoesNotMatch</Code>" in body


def test_an_expired_url_is_refused(aws: Server, stored: str) -> None:
    status, _, body = visit(_signed_at(aws, datetime.now(UTC) - timedelta(seconds=61), seconds=60))

    assert status == 403
    assert b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in body


def test_more_than_a_week_is_refused(s3: Any, stored: str) -> None:
    status, _, body = visit(presigned(s3, seconds=604_801))

    assert status == 400
    assert b"AuthorizationQueryParametersError" in body


def test_signature_version_2_is_refused(aws: Server, stored: str) -> None:
    old = aws.client("s3", signature_version="s3")
    url = old.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": KEY}, ExpiresIn=60)
    assert "AWSAccessKeyId=" in url

    assert visit(url)[0] == 403


def test_nobody_reads_without_a_signature(aws: Server, stored: str) -> None:
    status, _, body = visit(f"{aws.url}/{BUCKET}/{quote(KEY)}")

    assert status == 403
    assert b"<Code>AccessDenied</Code>" in body


def test_a_missing_object_is_not_found(s3: Any, stored: str) -> None:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "nothing"}, ExpiresIn=60)

    status, _, body = visit(url)

    assert status == 404
    assert b"NoSuchKey" in body


def test_s3_checks_the_signature_of_ordinary_calls_too(aws: Server, stored: str) -> None:
    forger = aws.client("s3", keys=(ACCESS_KEY, "wrong"))

    with pytest.raises(forger.exceptions.ClientError, match="SignatureDoesNotMatch"):
        forger.get_object(Bucket=BUCKET, Key=KEY)


def test_a_url_signed_by_a_role_ends_with_the_role(aws: Server, stored: str) -> None:
    arn = "arn:aws:iam::111122223333:role/portal"
    role = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", DurationSeconds=900)["Credentials"]
    s3 = aws.client("s3", keys=(role["AccessKeyId"], role["SecretAccessKey"]))
    url = presigned(s3, seconds=3600)

    before = visit(url)[0]
    aws.control.advance_clock(901)
    status, _, body = visit(url)

    assert before == 200
    assert status == 400
    assert b"<Code>ExpiredToken</Code>" in body


def _signed_at(aws: Server, moment: datetime, seconds: int) -> str:
    """As botocore signs, but with a chosen clock: a real wait for expiry would take a minute."""
    request = AWSRequest(method="GET", url=f"{aws.url}/{BUCKET}/{quote(KEY)}", headers={"host": aws.url.partition("//")[2]})
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    signer = S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1", expires=seconds)
    signer._modify_request_before_signing(request)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return f"{request.url}&X-Amz-Signature={signature}"
