"""What a check says: one line, and with trouble what to do about it.

Without gettext, like the log: these lines are searched for, and pasted into tickets that others read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

OK, WARN, FAIL = "OK", "WARN", "FAIL"
Findings = Iterator["Finding"]


@dataclass(frozen=True)
class Finding:
    """`of`: which one of several, such as an account."""

    level: str
    what: str
    remedy: str = ""
    of: str = ""

    def line(self, check: str) -> str:
        name = f"{check} {self.of}" if self.of else check
        return f"{self.level} {name}: {self.what}." + (f" Remedy: {self.remedy}." if self.remedy else "")


def ok(what: str, *, of: str = "") -> Finding:
    return Finding(OK, what, of=of)


def warn(what: str, remedy: str, *, of: str = "") -> Finding:
    """Works, but not as it should; or nobody can tell."""
    return Finding(WARN, what, remedy, of)


def fail(what: str, remedy: str, *, of: str = "") -> Finding:
    return Finding(FAIL, what, remedy, of)
