"""Reviews that are due, taken for the reviewer: to be checked, or at the end of the time in which somebody could decide."""

from __future__ import annotations

from reports.due import FIRST, Line, Taken
from reports.models import Review

# Longer than reading and looking into all files of a job may take.
LEASE_SECONDS = 600
SUSPENDED = "select from tenants_tenant company where company.id = waiting.tenant_id and company.suspended_at is not null"
LINE = Line(Review._meta.db_table, ("checking", "held"), SUSPENDED, LEASE_SECONDS)


class Round:
    """Where the round of the companies stands: who was served last comes last."""

    def __init__(self) -> None:
        self.after = FIRST

    def take(self, room: int) -> list[Taken]:
        """In the engine's scope. One of each company after the last one served, then of all."""
        taken: list[Taken] = []
        for after in (self.after, FIRST):
            if len(taken) < room:
                found = LINE.take(after, 1, room - len(taken))
                self.after = max((row.tenant_id for row in found), default=self.after)
                taken += found
        return taken
