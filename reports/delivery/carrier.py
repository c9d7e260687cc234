"""The carrier: takes what is due to go to destinations, each delivery in a thread of its own, one at a time for each destination.

It stands by, see reports/standing.py. Apart from the courier: a server that hangs holds up no mail.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable

from reports.delivery import shipping
from reports.delivery.taking import OPEN, PAUSED, Lease
from reports.due import FIRST, Line
from reports.hands import Giver, Hands
from reports.models import Delivery, Pause

HANDS = Hands[Lease]("carrier", 16)
# Of a company, whose servers may all hang.
MOST_AT_ONCE = 4
ELSEWHERE = "m.channel <> 'email'"
# Found by the index `delivery_under_way`. Two at once would find the same name free.
FREE = """not exists (select from reports_delivery other
    where other.destination_id = m.destination_id and other.lease_until > statement_timestamp() and other.id <> m.id)"""
LINE = Line(Delivery._meta.db_table, OPEN, PAUSED, shipping.LEASE_SECONDS, only=ELSEWHERE, free=FREE)


def carrier() -> Callable[[], bool]:
    return Carrier().turn


class Carrier(Giver[Lease]):
    hands = HANDS

    def __init__(self) -> None:
        super().__init__()
        self._after = FIRST

    def take(self) -> list[Lease]:
        if Pause.objects.filter(kind=Pause.Kind.DELIVERY, tenant=None).exists():
            return []
        return self._take(HANDS.free, [lease.tenant_id for lease in HANDS.carried()])

    def carry(self, work: Lease) -> None:
        shipping.carry(work, self._clock)

    def _take(self, room: int, busy: Iterable[uuid.UUID]) -> list[Lease]:
        """One of each company after the last one served, then from the first one on."""
        counts = Counter(busy)
        full = [tenant_id for tenant_id, number in counts.items() if number >= MOST_AT_ONCE]
        found = LINE.take(self._after, 1, room, full)
        if not found and self._after != FIRST:
            found = LINE.take(FIRST, 1, room, full)
        self._after = max((row.tenant_id for row in found), default=FIRST)
        sending = Delivery.Status.SENDING
        return [Lease(Delivery, row.id, row.tenant_id, row.tries, row.until, row.status == sending) for row in found]
