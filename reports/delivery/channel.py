"""What couriers and channels say to each other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from django.core.mail import EmailMessage


@dataclass(frozen=True)
class Parcel:
    """What goes to one address, whole: a channel asks no database. `id` is the row's, and the same on every try."""

    id: uuid.UUID
    address: str
    message: EmailMessage


@dataclass(frozen=True)
class ShippedFile:
    """`name` by the destination's pattern, safe as a file's name; a number is added where another file has it. `content`: a local copy,
    whole and checked."""

    id: str
    name: str
    content: Path
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True)
class Shipment:
    """The files of one delivery that a destination does not have yet. `id` is the row's, and the same on every try.

    `placing`: names that files were about to get in earlier tries whose end nobody knows; a file that is there under such a name is ours.
    Call `is_about_to_place` before a file gets its name, and `has_placed` after it did, each with its id and its path: both are
    written down at once, so that what follows a lost answer doubles nothing.
    """

    id: uuid.UUID
    folder: str
    files: list[ShippedFile]
    placing: dict[str, str]
    is_about_to_place: Callable[[str, str], None]
    has_placed: Callable[[str, str], None]


@dataclass(frozen=True)
class ChatMessage:
    """`url`: of a link of its own to the files, which stands in the text's place for it. Plain text in the company's language."""

    id: uuid.UUID
    title: str
    lines: list[str]
    url: str
    link_text: str


@dataclass(frozen=True)
class Sent:
    """The other side took it over. `answer` is what it said."""

    answer: str


@dataclass(frozen=True)
class Step:
    """Of a test: `state` is ok, failed, or skipped because of one that failed. `step` is stable, `text` for people, in their language."""

    step: str
    state: str
    text: str

    OK, FAILED, SKIPPED = "ok", "failed", "skipped"


class NotSent(Exception):
    """`code` as in failures.py; `answer` what the other side said, without a secret of ours."""

    def __init__(self, code: str, answer: str = "") -> None:
        super().__init__(code)
        self.code, self.answer = code, answer


class TryLater(NotSent):
    """It may go better in a while. `unknown`: it may also have arrived."""

    def __init__(self, code: str, answer: str = "", *, unknown: bool = False) -> None:
        super().__init__(code, answer)
        self.unknown = unknown


class Refused(NotSent):
    """Not this message to this recipient, however often. `bounced`: the address itself is no good, so nothing more goes there."""

    def __init__(self, code: str, answer: str = "", *, bounced: bool = False) -> None:
        super().__init__(code, answer)
        self.bounced = bounced


class TooFast(NotSent):
    """Nothing is wrong but the pace."""


class OurFault(NotSent):
    """We are not let in, or our sender is not: no recipient can do anything about it, and no try is lost."""


class Stops(NotSent):
    """Nothing more may go to this destination until somebody has looked: it may not be who it was. The try is not lost."""


Sending = TypeVar("Sending", Parcel, Shipment, ChatMessage, contravariant=True)


class Channel(Protocol[Sending]):
    def send(self, sending: Sending) -> Sent:
        """Outside any transaction. Raises one of NotSent."""
        ...


class Testable(Protocol):
    def test(self) -> list[Step]:
        """All its steps, in order; after a failed one those that were not reached. Outside any transaction. Never raises NotSent."""
        ...
