"""What the domain says when a request cannot be done: the one exception that pages, APIs and commands turn into words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where in the request: a path such as ("parameters", "Region"), and what is wrong there."""

    path: tuple[str, ...]
    code: str
    detail: str


class Refused(Exception):
    """Bad input or a rule that forbids it. Nothing was changed. `code` is stable, `detail` is a sentence for people."""

    def __init__(self, code: str, detail: str, places: tuple[Place, ...] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.places = places
