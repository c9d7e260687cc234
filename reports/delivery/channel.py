"""What the courier and a channel say to each other."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Protocol

from django.core.mail import EmailMessage


@dataclass(frozen=True)
class Parcel:
    """What goes to one address, whole: a channel asks no database. `id` is the row's, and the same on every try."""

    id: uuid.UUID
    address: str
    message: EmailMessage


@dataclass(frozen=True)
class Sent:
    """The other side took it over. `answer` is what it said."""

    answer: str


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


class Channel(Protocol):
    def send(self, parcel: Parcel) -> Sent:
        """Outside any transaction. Raises one of NotSent."""
        ...
