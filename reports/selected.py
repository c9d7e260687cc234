"""One act upon several rows that somebody selected: what was done, what was not, and why. One bounded transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What a page lists at most, twice over. More is no page's form.
MOST = 100
# After the words "could not be:", in the middle of a sentence. Of what another company has too: the two are not told apart.
NOT_FOUND = _("not found")


@dataclass
class Outcome:
    """`rows`: what Undo keeps. `left`: by name what could not be, and why. `gone`: names of what was put back without, because it was
    deleted meanwhile."""

    done: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    left: list[tuple[str, str | Promise]] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    def leave(self, name: str, why: str | Promise) -> None:
        self.left.append((name, why))

    def leave_unknown(self, number: int) -> None:
        self.left += [("", NOT_FOUND)] * number
