"""Stands before every service: who signed this, is it still valid, is it unchanged?

moto itself believes any signature, so without this a tampered link would work in tests and fail in AWS.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from werkzeug.datastructures import EnvironHeaders

from portal.local.aws.clock import Clock
from portal.local.aws.credentials import KnownKeys
from portal.local.aws.gate import Environ, StartResponse
from portal.local.aws.permissions import Permissions
from portal.local.aws.refused import Refused
from portal.local.aws.signatures import (
    Authorization,
    Scope,
    header_signature_is_good,
    moment,
    old_signature_is_good,
    query_signature_is_good,
)
from portal.local.aws.switches import Switches

LONGEST_EXPIRY = 604_800  # seconds, S3's own limit
CLOCK_SKEW = timedelta(minutes=15)
App = Callable[[Environ, StartResponse], Iterable[bytes]]


class Guard:
    def __init__(
        self, own: Mapping[str, App], others: App, *, keys: KnownKeys, permissions: Permissions, switches: Switches, clock: Clock
    ) -> None:
        """`own`: the services that are ours, by the name that calls are signed for."""
        self._own, self._others = own, others
        self._keys, self._permissions, self._switches, self._clock = keys, permissions, switches, clock

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        is_json = environ["PATH_INFO"].startswith(("/accounts/", "/v2/email/")) or "HTTP_X_AMZ_TARGET" in environ
        speaks_json = is_json and "X-Amz-Signature" not in _query(environ)
        try:
            service = self._signed_service(environ)
            if service == "s3":
                self._permissions.check(environ)
            if service == "sts":
                self._permissions.check_trust(_read_body(environ))
        except Refused as refused:
            is_sts = "/sts/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
            as_xml = refused.as_query_xml() if is_sts else refused.as_xml(environ["RAW_URI"].partition("?")[0])
            answer = refused.as_json() if speaks_json else as_xml
            return answer(environ, start_response)
        return self._own.get(service, self._others)(environ, start_response)

    def _signed_service(self, environ: Environ) -> str:
        query, header = _query(environ), environ.get("HTTP_AUTHORIZATION", "")
        if {"AWSAccessKeyId", "Signature"} & query.keys() or header.startswith("AWS "):
            self._check_old_query(environ, query)
            return "s3"
        if "X-Amz-Signature" in query:
            self._check_query(environ, query)
            return "s3"
        if header:
            return self._check_header(environ, header)
        raise Refused(403, "AccessDenied", "Access Denied")

    def _check_query(self, environ: Environ, query: Mapping[str, str]) -> None:
        try:
            scope = Scope.parse(query["X-Amz-Credential"])
            signed_at, seconds = moment(query["X-Amz-Date"]), int(query["X-Amz-Expires"])
        except (KeyError, ValueError) as error:
            raise Refused(400, "AuthorizationQueryParametersError", "The query parameters are incomplete.") from error
        if not 0 < seconds <= LONGEST_EXPIRY:
            message = "X-Amz-Expires must be less than a week (in seconds); that is, it must be less than 604800"
            raise Refused(400, "AuthorizationQueryParametersError", message)
        now, age = datetime.now(UTC), self._clock.now() - self._clock.told(signed_at.timestamp())
        if age > seconds or signed_at > now + CLOCK_SKEW:
            raise Refused(403, "AccessDenied", "Request has expired")
        secret = self._secret(scope)
        url = "&".join(part for part in _url(environ).split("&") if not part.startswith("X-Amz-Signature="))
        if not query_signature_is_good(query, secret, environ["REQUEST_METHOD"], url, environ["HTTP_HOST"]):
            raise _changed()

    def _check_old_query(self, environ: Environ, query: Mapping[str, str]) -> None:
        if not (self._switches.accept_sigv2 and {"AWSAccessKeyId", "Signature", "Expires"} <= query.keys()):
            raise Refused(403, "AccessDenied", "Signature version 2 is not accepted; use AWS4-HMAC-SHA256.")
        access_key, expires = query["AWSAccessKeyId"], query["Expires"]
        if not expires.isdecimal() or self._clock.now() > int(expires):
            raise Refused(403, "AccessDenied", "Request has expired")
        secret = self._secret(Scope(access_key, "", "s3"))
        if not old_signature_is_good(query, secret, environ["REQUEST_METHOD"], _url(environ)):
            raise _changed()

    def _check_header(self, environ: Environ, header: str) -> str:
        headers = EnvironHeaders(environ)
        try:
            authorization = Authorization.parse(header)
            age = abs(datetime.now(UTC) - moment(headers.get("x-amz-date", "")))
        except ValueError as error:
            raise Refused(403, "IncompleteSignatureException", "The authorization header is malformed.") from error
        if age > CLOCK_SKEW:
            raise Refused(403, "InvalidSignatureException", "The request was signed too long ago.")
        secret = self._secret(authorization.scope)
        body = _read_body(environ) if authorization.scope.service != "s3" else b""
        lower = {name.lower(): value for name, value in headers.items()}
        if not header_signature_is_good(authorization, secret, environ["REQUEST_METHOD"], _url(environ), lower, body):
            raise _changed()
        return authorization.scope.service

    def _secret(self, scope: Scope) -> str:
        key = self._keys.find(scope.access_key)
        if key is None:
            code = "InvalidAccessKeyId" if scope.service == "s3" else "UnrecognizedClientException"
            raise Refused(403, code, "The security token included in the request is invalid.")
        if key.expires_at is not None and self._clock.now() >= key.expires_at:
            status, code = (400, "ExpiredToken") if scope.service == "s3" else (403, "ExpiredTokenException")
            raise Refused(status, code, "The provided token has expired.")
        return key.secret


def _changed() -> Refused:
    message = "The request signature we calculated does not match the signature you provided."
    return Refused(403, "SignatureDoesNotMatch", message)


def _query(environ: Environ) -> dict[str, str]:
    return dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))


def _url(environ: Environ) -> str:
    """As it came over the wire: the signature covers the encoded path."""
    return f"http://{environ['HTTP_HOST']}{environ['RAW_URI']}"


def _read_body(environ: Environ) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body
