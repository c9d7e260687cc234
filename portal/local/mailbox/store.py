"""The mails as files, one each, which outlive the process. Newest first, and only so many."""

from __future__ import annotations

import email
import email.policy
import secrets
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, Message
from functools import cached_property
from pathlib import Path

from portal.local.aws.files import replace_file

# A schedule each minute for a week would be 10,000 of each tenant's.
KEPT = 1000
UNREADABLE = "(unreadable)"


@dataclass(frozen=True)
class Mail:
    """`name` sorts by arrival, and is part of the mail's address."""

    name: str
    raw: bytes

    @cached_property
    def message(self) -> EmailMessage:
        message = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(int(self.name.partition("-")[0]) / 1e9).astimezone()

    @property
    def recipients(self) -> list[str]:
        """Of the envelope, as the server heard them; what the header says of recipients proves nothing."""
        return self.headers("Delivered-To")

    @property
    def subject(self) -> str:
        return next(iter(self.headers("Subject")), "")

    def headers(self, name: str) -> list[str]:
        return [value for known, value in self.all_headers() if known.lower() == name.lower()]

    def all_headers(self) -> list[tuple[str, str]]:
        return [(name, _text(name, value)) for name, value in self.message.raw_items()]

    def body(self, kind: str) -> str:
        """`kind` is plain or html; empty: the mail has none."""
        part = self.message.get_body((kind,))
        try:
            return part.get_content() if part is not None else ""
        except (LookupError, ValueError):
            return UNREADABLE

    def attachments(self) -> list[tuple[str, str, bytes]]:
        """Name, type and content of each."""
        return [
            (part.get_filename() or f"part-{number}", part.get_content_type(), _content(part))
            for number, part in enumerate(self.message.iter_attachments(), 1)
        ]


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""  # a mail within a mail has parts instead


def _text(name: str, value: str) -> str:
    """Anybody may send anything, and the library stumbles over some of it: then the header is shown as it came."""
    try:
        return str(email.policy.default.header_fetch_parse(name, value))
    except (AttributeError, LookupError, TypeError, ValueError):
        return _one_line(value)


class MailStore:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def keep(self, sender: str, recipients: Iterable[str], raw: bytes) -> None:
        """The envelope is written above the mail, in the headers that mail servers use for it."""
        envelope = [f"Return-Path: <{sender}>", *(f"Delivered-To: {recipient}" for recipient in recipients)]
        head = "".join(f"{_one_line(line)}\r\n" for line in envelope).encode()
        with self._lock:
            # Time alone may be the same twice.
            replace_file(self._folder / f"{time.time_ns()}-{secrets.token_hex(4)}.eml", head + raw)
            for name in self.names()[KEPT:]:
                (self._folder / f"{name}.eml").unlink(missing_ok=True)

    def names(self) -> list[str]:
        return sorted((path.stem for path in self._folder.glob("*.eml")), reverse=True)

    def find(self, name: str) -> Mail | None:
        # Looked up in the list: a name from an address bar leads to no other file.
        return self._read(name) if name in self.names() else None

    def mails(self, limit: int, to: str = "") -> list[Mail]:
        found = (mail for name in self.names() if (mail := self._read(name)) and (not to or to in mail.recipients))
        return [mail for mail, _ in zip(found, range(limit), strict=False)]

    def _read(self, name: str) -> Mail | None:
        try:
            return Mail(name, (self._folder / f"{name}.eml").read_bytes())
        except FileNotFoundError:
            return None


def _one_line(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
