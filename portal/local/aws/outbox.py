"""What SES took, for tests to read back. It goes nowhere."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from portal.local.aws.throttle import Throttle


@dataclass(frozen=True)
class SentMail:
    """`raw` as it went out: SES puts a Message-ID of its own in the place of the sender's."""

    message_id: str
    sender: str
    recipients: list[str]
    raw: str
    headers: list[tuple[str, str]]  # as they came
    tags: dict[str, list[str]]
    configuration_set: str
    region: str
    at: float


class Outbox:
    def __init__(self) -> None:
        self.throttle = Throttle()
        self._lock = threading.Lock()
        self._mails: dict[str, SentMail] = {}

    def keep(self, mail: SentMail) -> None:
        with self._lock:
            self._mails[mail.message_id] = mail

    def mails(self) -> list[SentMail]:
        with self._lock:
            return list(self._mails.values())

    def find(self, message_id: str) -> SentMail:
        with self._lock:
            if message_id not in self._mails:
                raise LookupError(f"SES sent no mail {message_id!r}.")
            return self._mails[message_id]

    def clear(self) -> None:
        with self._lock:
            self._mails.clear()
        self.throttle.clear()
