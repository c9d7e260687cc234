"""One line of a batch: a job that is wanted, and who gets its files."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

MOST_ITEMS = 1000
MOST_PEOPLE = 200
# Of a whole batch: more mails than that are a schedule's work, or several batches'.
MOST_DELIVERIES = 10_000


@dataclass(frozen=True)
class Item:
    """As somebody asked for it: nothing is checked yet. `parameters`, `visuals` as `jobs.Wanted` has them.

    `recipients`: ids of the address book; `emails`: addresses, which become recipients where they are not in it.
    `lane`: one of `jobs.LANES`.
    """

    report: str
    formats: Sequence[str]
    parameters: dict[str, Any] = field(default_factory=dict)
    visuals: Sequence[str] = ()
    recipients: Sequence[uuid.UUID] = ()
    emails: Sequence[str] = ()
    reference: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    lane: str = "scheduled"
