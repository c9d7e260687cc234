"""What one mail says, whatever it is about."""

from __future__ import annotations

from dataclasses import dataclass


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
    notes: tuple[str, ...] = ()
    links: tuple[Address, ...] = ()
    reply_to: str = ""
    foot: str = ""
    # "#rrggbb" of the company; empty: the portal's own.
    color: str = ""
