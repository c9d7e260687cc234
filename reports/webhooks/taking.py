"""Messages that are due, taken for the sender: round the companies, and of each one only a few at once, however slow its receivers are."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable

from reports.due import FIRST, Line, Taken
from reports.models import WebhookDelivery

# Longer than a call may take, and the reading and writing around it.
LEASE_SECONDS = 60
# Of a company.
MOST_AT_ONCE = 3
SUSPENDED = "select from tenants_tenant company where company.id = waiting.tenant_id and company.suspended_at is not null"
LINE = Line(WebhookDelivery._meta.db_table, ("pending", "failed"), SUSPENDED, LEASE_SECONDS)


class Round:
    """Where the round of the companies stands: who was served last comes last."""

    def __init__(self) -> None:
        self.after = FIRST

    def take(self, room: int, busy: Iterable[uuid.UUID]) -> list[Taken]:
        """In the engine's scope. `busy`: the companies of the messages that are on their way, each as often as it has some."""
        counts, taken = Counter(busy), list[Taken]()
        while len(taken) < room:
            full = [tenant_id for tenant_id, number in counts.items() if number >= MOST_AT_ONCE]
            found = LINE.take(self.after, 1, room - len(taken), full)
            if not found and self.after == FIRST:
                break
            # After the last company comes the first one again.
            self.after = max((row.tenant_id for row in found), default=FIRST)
            taken += found
            counts.update(row.tenant_id for row in found)
        return taken
