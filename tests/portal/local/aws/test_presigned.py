"""The guard before S3: what a link must not survive."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

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


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_url_for_reading_changes_nothing(s3: Any, stored: str, method: str) -> None:
    assert visit(presigned(s3), method)[0] == 403
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == BODY


SIGNED = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature"]


@pytest.mark.parametrize("parameter", [*SIGNED, "response-content-type"])
def test_changing_any_parameter_of_a_url_breaks_it(s3: Any, stored: str, parameter: str) -> None:
    url = presigned(s3, ResponseContentType="text/plain")
    query = dict(parse_qsl(urlsplit(url).query))
    assert query.keys() == {*SIGNED, "response-content-type"}
    # Such values as would be believed were they not signed.
    changed = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA512",
        "X-Amz-Credential": query["X-Amz-Credential"].replace("us-east-1", "eu-west-1"),
        "X-Amz-Date": f"{datetime.now(UTC) + timedelta(seconds=5):%Y%m%dT%H%M%SZ}",
        "X-Amz-Expires": "61",
        "X-Amz-SignedHeaders": "host;range",
        "X-Amz-Signature": query["X-Amz-Signature"][::-1],
        "response-content-type": "text/html",
    }[parameter]

    status, _, _ = visit(f"{url.partition('?')[0]}?{urlencode(query | {parameter: changed})}")

    assert visit(url)[0] == 200
    assert status == 403


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


def test_a_url_ages_with_the_clock_and_one_signed_afterwards_is_fresh(aws: Server, s3: Any, stored: str) -> None:
    old = presigned(s3, seconds=60)

    aws.control.advance_clock(30, settle=False)
    in_time = visit(old)[0]
    aws.control.advance_clock(31)
    late, fresh = visit(old)[0], visit(presigned(s3, seconds=60))[0]

    assert (in_time, late, fresh) == (200, 403, 200)


def test_more_than_a_week_is_refused(s3: Any, stored: str) -> None:
    status, _, body = visit(presigned(s3, seconds=604_801))

    assert status == 400
    assert b"AuthorizationQueryParametersError" in body


def test_signature_version_2_is_refused(aws: Server, stored: str) -> None:
    old = aws.client("s3", signature_version="s3")
    url = old.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": KEY}, ExpiresIn=60)
    assert "AWSAccessKeyId=" in url

    assert visit(url)[0] == 403


def test_signature_version_2_can_still_work_until_it_expires(aws: Server, stored: str) -> None:
    aws.control.set(accept_sigv2=True)
    old = aws.client("s3", signature_version="s3")
    url = old.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": KEY, "ResponseContentType": "text/html"}, ExpiresIn=60)

    status, headers, body = visit(url)
    forged = [visit(url, "DELETE"), visit(url.replace("html", "plain")), visit(re.sub(r"Expires=\d+", "Expires=4000000000", url))]
    aws.control.advance_clock(61, settle=False)
    late = visit(url)

    headers = {name.lower(): value for name, value in headers.items()}
    assert (status, headers["content-type"].partition(";")[0], body) == (200, "text/html", BODY)
    assert [answer[0] for answer in [*forged, late]] == [403] * 4


def test_nobody_reads_without_a_signature(aws: Server, stored: str) -> None:
    status, _, body = visit(f"{aws.url}/{BUCKET}/{quote(KEY)}")

    assert status == 403
    assert b"<Code>AccessDenied</Code>" in body


def test_a_missing_object_is_not_found(s3: Any, stored: str) -> None:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "nothing"}, ExpiresIn=60)

    status, _, body = visit(url)

    assert status == 404
    assert b"NoSuchKey" in body


@pytest.mark.parametrize("method", ["get_object", "head_object"])
def test_a_missing_object_is_told_only_to_those_who_may_list(aws: Server, s3: Any, stored: str, method: str) -> None:
    aws.control.set(denied=["s3:ListBucket"])

    with pytest.raises(s3.exceptions.ClientError) as caught:
        getattr(s3, method)(Bucket=BUCKET, Key="nothing")
    there = getattr(s3, method)(Bucket=BUCKET, Key=KEY)["ContentLength"]
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=BUCKET)

    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "403")
    assert there == len(BODY)


def test_a_url_ends_when_its_signer_may_no_longer_read(aws: Server, s3: Any, stored: str) -> None:
    url = presigned(s3)

    aws.control.set(denied=["s3:GetObject"])
    status, _, body = visit(url)

    assert status == 403
    assert b"<Code>AccessDenied</Code>" in body


def test_writing_and_deleting_can_be_denied(aws: Server, s3: Any, stored: str) -> None:
    aws.control.set(denied=["s3:PutObject", "s3:DeleteObject"])

    for call in (lambda: s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"new"), lambda: s3.delete_object(Bucket=BUCKET, Key=KEY)):
        with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
            call()

    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == BODY


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
    aws.control.advance_clock(901, settle=False)
    status, _, body = visit(url)

    assert before == 200
    assert status == 400
    assert b"<Code>ExpiredToken</Code>" in body


def test_a_role_that_is_assumed_after_the_clock_was_moved_lasts_its_time(aws: Server, stored: str) -> None:
    aws.control.advance_clock(24 * 3600)
    arn = "arn:aws:iam::111122223333:role/portal"
    role = aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", DurationSeconds=900)["Credentials"]
    s3 = aws.client("s3", keys=(role["AccessKeyId"], role["SecretAccessKey"]))

    aws.control.advance_clock(800, settle=False)
    in_time = s3.get_object(Bucket=BUCKET, Key=KEY)["ContentLength"]
    aws.control.advance_clock(101, settle=False)

    assert in_time == len(BODY)
    with pytest.raises(s3.exceptions.ClientError, match="ExpiredToken"):
        s3.get_object(Bucket=BUCKET, Key=KEY)


def _signed_at(aws: Server, moment: datetime, seconds: int) -> str:
    """As botocore signs, but with a chosen clock: a real wait for expiry would take a minute."""
    request = AWSRequest(method="GET", url=f"{aws.url}/{BUCKET}/{quote(KEY)}", headers={"host": aws.url.partition("//")[2]})
    request.context["timestamp"] = moment.strftime("%Y%m%dT%H%M%SZ")
    signer = S3SigV4QueryAuth(Credentials(ACCESS_KEY, SECRET_KEY), "s3", "us-east-1", expires=seconds)
    signer._modify_request_before_signing(request)
    signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return f"{request.url}&X-Amz-Signature={signature}"
