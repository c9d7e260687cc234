"""The only door to S3: look at an object, hash it, sign a short-lived URL for it; and keep a few small ones of our own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from botocore.exceptions import BotoCoreError

from reports.aws.asking import ask
from reports.aws.clients import AccountFacts, quick_s3_client, s3_client
from reports.aws.errors import AccessDenied, NotFound, Unanswered

CHUNK = 1024 * 1024
HEAD_BYTES = 512
TAIL_BYTES = 1024
PDF = b"%PDF-"
# The type of a page's own object (ISO 32000-1, table 30); the tree above them is of the type Pages.
PAGE = re.compile(rb"/Type\s{0,8}/Page(?![A-Za-z])")
LONGEST_PAGE = 32
S3_URI = re.compile(r"s3://([^/]+)/(.+)", re.DOTALL)


@dataclass(frozen=True)
class StoredObject:
    key: str
    size_bytes: int
    sha256: bytes
    head: bytes
    tail: bytes
    # As a CSV has them: a line break inside quotes ends none. Of other formats it says nothing.
    lines: int = 0
    # Of a PDF whose pages can be told; None: no PDF, or one that packs what it has of them.
    pages: int | None = None


def split_uri(uri: str) -> tuple[str, str] | None:
    """Bucket and key, or None. Not by a URL parser: `?` and `#` may stand in a key."""
    match = S3_URI.fullmatch(uri)
    return (match[1], match[2]) if match else None


def read_object(account: AccountFacts, bucket: str, key: str) -> StoredObject:
    """Reads the whole object once. QuickSight may give the key percent-encoded; the form that exists is the one returned.

    Raises NotFound when neither form exists, Unanswered when S3 does not say.
    """
    try:
        return _read(account, bucket, key)
    except (NotFound, AccessDenied):
        # S3 says 403 instead of 404 to those who may not list the bucket.
        if unquote(key) == key:
            raise
        return _read(account, bucket, unquote(key))


def read_bytes(account: AccountFacts, bucket: str, key: str) -> bytes:
    """The whole of a small object. Raises as `read_object` does."""
    return bytes(ask(account, ("S3", "GetObject"), s3_client, lambda client: client.get_object(Bucket=bucket, Key=key)["Body"].read()))


def read_quickly(account: AccountFacts, bucket: str, key: str) -> bytes:
    """As `read_bytes`, where others wait for it."""
    return bytes(
        ask(account, ("S3", "GetObject"), quick_s3_client, lambda client: client.get_object(Bucket=bucket, Key=key)["Body"].read())
    )


def pieces(account: AccountFacts, bucket: str, key: str) -> Iterator[bytes]:
    """An object of any size, piece by piece, while somebody waits. Raises AwsError, also after some of them."""
    body = ask(account, ("S3", "GetObject"), quick_s3_client, lambda client: client.get_object(Bucket=bucket, Key=key)["Body"])
    try:
        yield from body.iter_chunks(CHUNK)
    except BotoCoreError as error:
        raise Unanswered("BrokenOff", "the answer broke off") from error
    finally:
        body.close()


def fetch(account: AccountFacts, bucket: str, key: str, into: Path) -> bytes:
    """Writes the object into a file, however large it is; its SHA-256. Raises as `read_object` does."""
    return ask(account, ("S3", "GetObject"), s3_client, lambda client: _fetched(client.get_object(Bucket=bucket, Key=key)["Body"], into))


def _fetched(body: Any, into: Path) -> bytes:
    digest = hashlib.sha256()
    with into.open("wb") as local:
        for chunk in body.iter_chunks(CHUNK):
            local.write(chunk)
            digest.update(chunk)
    return digest.digest()


def write(account: AccountFacts, bucket: str, key: str, body: bytes) -> None:
    """A small object of our own, whole or not at all; in its place before this returns. Gives up within seconds; raises AwsError."""
    ask(account, ("S3", "PutObject"), quick_s3_client, lambda client: client.put_object(Bucket=bucket, Key=key, Body=body))


@dataclass(frozen=True)
class Listed:
    key: str
    size_bytes: int
    modified_at: datetime


def listed(account: AccountFacts, bucket: str, prefix: str) -> Iterator[Listed]:
    """All objects below a prefix, a thousand a call. Raises AwsError."""
    page = _page(account, Bucket=bucket, Prefix=prefix)
    while True:
        for found in page.get("Contents", ()):
            yield Listed(found["Key"], found["Size"], found["LastModified"])
        if not page.get("IsTruncated"):
            return
        page = _page(account, Bucket=bucket, Prefix=prefix, ContinuationToken=page["NextContinuationToken"])


def _page(account: AccountFacts, **wanted: str) -> dict[str, Any]:
    return ask(account, ("S3", "ListObjectsV2"), s3_client, lambda client: client.list_objects_v2(**wanted))


def exists(account: AccountFacts, bucket: str, key: str) -> bool:
    """Asked while somebody waits. Raises AwsError when S3 does not say within seconds, or refuses to."""
    try:
        ask(account, ("S3", "HeadObject"), quick_s3_client, lambda client: client.head_object(Bucket=bucket, Key=key))
    except NotFound:
        return False
    return True


def look_into(account: AccountFacts, bucket: str) -> None:
    """Raises AwsError unless what lies below our prefix can be listed. Without that right a missing object looks like a forbidden one."""
    ask(account, ("S3", "ListObjectsV2"), s3_client, lambda client: client.list_objects_v2(Bucket=bucket, Prefix="t/", MaxKeys=1))


@dataclass(frozen=True)
class Handout:
    """How a browser shall take an object: under which name, as what, saved or shown."""

    name: str
    content_type: str
    inline: bool = False


def presign(account: AccountFacts, endpoint_url: str, bucket: str, key: str, handout: Handout, seconds: int) -> str:
    """A GET URL for one object. Made locally; a secret for as long as it lives: never stored, never logged."""
    return str(
        s3_client(account, endpoint_url).generate_presigned_url(
            "get_object",
            Params={
                "Bucket": bucket,
                "Key": key,
                "ResponseContentDisposition": disposition(handout.name, inline=handout.inline),
                "ResponseContentType": handout.content_type,
                "ResponseCacheControl": "no-store",
            },
            ExpiresIn=seconds,
        )
    )


def disposition(name: str, *, inline: bool = False) -> str:
    """Content-Disposition of RFC 6266: an ASCII name for old clients, the true one in RFC 5987's form."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _read(account: AccountFacts, bucket: str, key: str) -> StoredObject:
    return ask(account, ("S3", "GetObject"), s3_client, lambda client: _whole(client, bucket, key))


def _whole(client: Any, bucket: str, key: str) -> StoredObject:
    body = client.get_object(Bucket=bucket, Key=key)["Body"]
    digest, size, head, tail, lines, pages = hashlib.sha256(), 0, b"", b"", Lines(), Pages()
    for chunk in body.iter_chunks(CHUNK):
        digest.update(chunk)
        size += len(chunk)
        head = head or chunk[:HEAD_BYTES]
        tail = (tail + chunk)[-TAIL_BYTES:]
        lines.read(chunk)
        if head.startswith(PDF):
            pages.read(chunk)
    return StoredObject(key, size, digest.digest(), head, tail, lines.number, pages.number)


class Lines:
    """Counts the lines of a CSV that comes in pieces (RFC 4180)."""

    def __init__(self) -> None:
        self._ended, self._quoted, self._open = 0, False, False

    def read(self, piece: bytes) -> None:
        # A quote inside quotes is written twice, and so changes nothing.
        for number, part in enumerate(piece.split(b'"')):
            self._quoted ^= number > 0
            self._ended += 0 if self._quoted else part.count(b"\n")
        self._open = not piece.endswith(b"\n") or self._quoted

    @property
    def number(self) -> int:
        """A last line counts without its end, too."""
        return self._ended + self._open


class Pages:
    """Counts the pages of a PDF that comes in pieces, by the type of their objects; nothing of it is unpacked or kept.

    A writer may pack these objects into compressed streams (PDF 1.5): then there are none to see, and the number is not known.
    """

    def __init__(self) -> None:
        self._seen, self._rest = 0, b""

    def read(self, piece: bytes) -> None:
        piece = self._rest + piece
        # One that ends with the piece may go on in the next as Pages.
        ends = [found.end() for found in PAGE.finditer(piece) if found.end() < len(piece)]
        self._seen += len(ends)
        self._rest = piece[max(ends[-1] if ends else 0, len(piece) - LONGEST_PAGE) :]

    @property
    def number(self) -> int | None:
        return self._seen or None
