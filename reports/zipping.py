"""All files of a job as one ZIP, made while it is sent: S3 signs addresses of single objects only, and keeps no ZIP of ours.

Stored, not packed: PDF and Excel are packed already. One piece of one file is in memory at a time, and no connection to the database is
held. When a file cannot be read to its end, the stream breaks off: what the browser has then ends before the ZIP's own directory and is
shorter than was announced, so that no program opens it as a whole one.
"""

from __future__ import annotations

import logging
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from io import RawIOBase
from typing import Any

from django.utils import timezone

from reports.aws import storage
from reports.aws.clients import AccountFacts
from reports.aws.errors import AwsError
from reports.models import SnapshotFile

logger = logging.getLogger(__name__)
# A thread of the web server is busy for as long as it takes. What is larger is had file by file, straight from S3.
MOST_BYTES = 256 * 1024 * 1024
LONGEST_SECONDS = 600
# Beside the names, as zipfile writes them (APPNOTE 4.3): a header with its descriptor and an entry of the directory, and the end.
PER_FILE, END = 30 + 16 + 46, 22


class BrokenOff(Exception):
    """The rest does not come."""


def may_be_zipped(files: Sequence[SnapshotFile]) -> bool:
    """Several, and together not too large."""
    return len(files) > 1 and sum(file.size_bytes for file in files) <= MOST_BYTES


def size_of(files: Sequence[SnapshotFile]) -> int:
    """Of the whole ZIP, in bytes."""
    return END + sum(file.size_bytes + PER_FILE + 2 * len(name.encode()) for file, name in _named(files))


class Zip:
    """Its bytes, once. `on_close` is called once, also when nobody read to the end."""

    def __init__(self, files: Sequence[SnapshotFile], on_close: Callable[[], None]) -> None:
        self._bytes, self._on_close = _stream(files), on_close
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._bytes)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._bytes.close()
            self._on_close()


class _Outlet(RawIOBase):
    """Takes what zipfile writes, until it is sent. It cannot seek, so that nothing that was sent is gone back to."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _stream(files: Sequence[SnapshotFile]) -> Any:
    ends_at = time.monotonic() + LONGEST_SECONDS
    outlet = _Outlet()
    archive = zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED)
    for file, name in _named(files):
        with archive.open(_entry(file, name), "w") as entry:
            for piece in _pieces(file):
                if time.monotonic() > ends_at:
                    raise BrokenOff("it took too long")
                entry.write(piece)
                yield outlet.taken()
    archive.close()
    yield outlet.taken()


def _pieces(file: SnapshotFile) -> Iterator[bytes]:
    """All of its bytes, or BrokenOff: also when there are more or fewer than were counted when it was collected."""
    left = file.size_bytes
    try:
        for piece in storage.pieces(AccountFacts(aws_account_id="", region=file.region), file.bucket, file.key):
            left -= len(piece)
            yield piece
    except AwsError as error:
        logger.warning("a ZIP broke off: %s", type(error).__name__)
        raise BrokenOff("the file store does not answer") from error
    if left:
        logger.warning("a ZIP broke off: an object has another size than it had")
        raise BrokenOff("an object has another size than it had")


def _entry(file: SnapshotFile, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, timezone.localtime(file.created_at).timetuple()[:6])
    entry.file_size = file.size_bytes
    # An ordinary file that its owner may read and write.
    entry.external_attr = 0o600 << 16
    return entry


def _named(files: Sequence[SnapshotFile]) -> list[tuple[SnapshotFile, str]]:
    """With names that lead into no folder, and each once, also where capitals are no difference."""
    named: list[tuple[SnapshotFile, str]] = []
    taken: set[str] = set()
    for file in files:
        name = plain = _safe(file.name)
        number = 1
        while name.casefold() in taken:
            number += 1
            stem, dot, ending = plain.rpartition(".")
            name = f"{stem} ({number}){dot}{ending}" if dot else f"{plain} ({number})"
        taken.add(name.casefold())
        named.append((file, name))
    return named


def _safe(name: str) -> str:
    """Our own names are; those of an older release, or of a file that was brought over, need not be."""
    kept = "".join("_" if character in '\\/:*?"<>|' or ord(character) < 32 else character for character in name)
    return kept.strip(". ") or "file"
