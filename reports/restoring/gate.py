"""Whether anything may be noted, started or sent. Asked by whoever works, before each turn; it costs one small statement.

A process asks S3 when it first works, and again when the database behind its connection is another one, was restarted, or counts less than
before. In between, the mark of each minute finds out for all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from reports.restoring import mark, mode

logger = logging.getLogger(__name__)
ASK = """
select key, restored_at, generation, pg_postmaster_start_time(), (select oid from pg_database where datname = current_database())
  from reports_installation
"""


@dataclass(frozen=True)
class Seen:
    key: Any
    restored_at: datetime | None
    generation: int
    started_at: datetime
    database: int

    def goes_on_from(self, before: Seen) -> bool:
        same = (self.key, self.started_at, self.database) == (before.key, before.started_at, before.database)
        return same and self.generation >= before.generation


# What this process has compared with the mark.
_compared: Seen | None = None


def is_open() -> bool:
    """Outside any scope and any transaction, because S3 may be asked."""
    global _compared
    seen = _look()
    if seen.restored_at:
        return False
    if (_compared is None or not seen.goes_on_from(_compared)) and not mark.compare():
        return False
    _compared = seen
    return True


def while_open(turn: Callable[[], bool]) -> Callable[[], bool]:
    """A turn that does nothing in restored mode: who stands by goes on standing by, and works again as soon as that ends."""
    return lambda: is_open() and turn()


def _look() -> Seen:
    with connection.cursor() as cursor:
        cursor.execute(ASK)
        row = cursor.fetchone()
        if row is None:
            mode.installation()
            cursor.execute(ASK)
            row = cursor.fetchone()
    return Seen(*row)
