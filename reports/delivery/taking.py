"""Mails that are due, taken for the courier, fairly between the tenants; reports/due.py has the statement."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from reports.due import FIRST, Line
from reports.models import Delivery, Notice

# Longer than a conversation with a mail server may take, the wait for its turn and the reading of attachments included.
LEASE_SECONDS = 300
PAUSED = "select from reports_pause pause where pause.kind = 'delivery' and pause.tenant_id = waiting.tenant_id"
OPEN = ("pending", "sending")
LINES: dict[type[Delivery] | type[Notice], Line] = {
    Delivery: Line(Delivery._meta.db_table, OPEN, PAUSED, LEASE_SECONDS, only="m.channel = 'email'"),
    Notice: Line(Notice._meta.db_table, OPEN, PAUSED, LEASE_SECONDS),
}


@dataclass(frozen=True)
class Lease:
    """`until` tells this taking from every other one: only who names it may write. `was_sending`: a courier died with it in hand."""

    model: type[Delivery] | type[Notice]
    id: uuid.UUID
    tenant_id: uuid.UUID
    tries: int
    until: datetime
    was_sending: bool


class Round:
    """Where the round of the tenants stands: who was served last comes last."""

    def __init__(self, model: type[Delivery] | type[Notice]) -> None:
        self.model, self.after = model, FIRST

    def take(self, room: int) -> list[Lease]:
        """In the engine's scope. One of each tenant after the last one served, then of all; what room is left then is anybody's."""
        taken: list[Lease] = []
        for after, each in ((self.after, 1), (FIRST, 1), (FIRST, room)):
            if len(taken) < room:
                found = _take(self.model, after, each, room - len(taken))
                if each == 1 and found:
                    self.after = max(lease.tenant_id for lease in found)
                taken += found
        return taken


def _take(model: type[Delivery] | type[Notice], after: uuid.UUID, each: int, room: int) -> list[Lease]:
    sending = model.Status.SENDING
    return [
        Lease(model, row.id, row.tenant_id, row.tries, row.until, row.status == sending) for row in LINES[model].take(after, each, room)
    ]
