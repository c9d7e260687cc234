"""What one mail says, whatever it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Line breaks of any alphabet, marks that turn the direction of writing, and what has no width.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True)
class Address:
    """Something to open: a button, or a link of the small print."""

    label: str
    url: str


@dataclass(frozen=True)
class Measure:
    """How much of something: `value` says it in words, `percent` draws it."""

    label: str
    value: str
    percent: int


@dataclass(frozen=True)
class Section:
    """Measures and lines under a heading."""

    title: str
    lines: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()


@dataclass(frozen=True)
class Content:
    """Plain text in the reader's language; the drawing escapes it. What is empty is not drawn."""

    subject: str
    # Whose name stands on top: the company's to its customers, the portal's to its members.
    owner: str
    title: str
    # What lists of mails show behind the subject.
    glance: str
    paragraphs: tuple[str, ...] = ()
    alarm: str = ""
    alarm_more: str = ""
    button: Address | None = None
    # Six digits, to be typed.
    code: str = ""
    facts: tuple[Fact, ...] = ()
    # Large, side by side: three at most.
    figures: tuple[Fact, ...] = ()
    sections: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()
    links: tuple[Address, ...] = ()
    reply_to: str = ""
    foot: str = ""
    # "#rrggbb" of the company; empty: the portal's own.
    color: str = ""


def one_line(text: str, limit: int = 0) -> str:
    """What somebody typed, fit for a header or a line of its own. `limit` 0: none."""
    clean = " ".join(CONTROL.sub(" ", text).split())
    return clean if not limit or len(clean) <= limit else f"{clean[: limit - 1].rstrip()}…"
