"""What a file is like, found out by opening it: its pages or rows, and whether a text stands in it. Without a network or a database.

It runs in a process of its own (reports/gate/checks/__main__.py): a file that was made to hang or to fill the memory costs only its check.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


class Unfit(Exception):
    """The file does not open. `code` as in reports/gate/findings.py."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Seen:
    """`pages` of a PDF and `rows` of the others; None: it has none. `shows` None: no text was looked for."""

    pages: int | None = None
    rows: int | None = None
    shows: bool | None = None


class Looked:
    """Looks for a text in pieces of text that come one after the other, whatever their case and however words are parted."""

    def __init__(self, text: str) -> None:
        self._wanted = folded(text)
        self._rest = ""
        self.found: bool | None = False if self._wanted else None

    def read(self, pieces: Iterable[str]) -> None:
        for piece in pieces:
            if self.found is not False:
                return
            # A PDF parts words where a line ends; what stood there before may be the beginning of it.
            whole = f"{self._rest} {folded(piece)}".strip()
            self.found = self._wanted in whole or self._wanted.replace(" ", "") in whole.replace(" ", "")
            self._rest = whole[-4 * len(self._wanted) :]


def folded(text: str) -> str:
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text).casefold()).strip()
