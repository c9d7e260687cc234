"""The order in which waiting jobs will get slots, as far as it can be told: what `claim.CLAIM` does, one start after the other.

Whoever changes one changes the other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

NOW, SCHEDULED = 0, 1


@dataclass(frozen=True)
class Queue:
    """A tenant's waiting jobs in a lane. `most` of its jobs run at once (None: any number), and `running` of both lanes do so already."""

    lane: int
    tenant_id: uuid.UUID
    virtual_time: float
    weight: float
    queued: int
    running: int = 0
    most: int | None = None

    def earliest(self, nth: int, slots: int) -> int:
        """The first of the account's starts that may be its nth job's: a slot is filled anew about once in `slots` starts."""
        if self.most is None:
            return 0
        beyond = nth - max(0, self.most - self.running)
        return -(-beyond // max(1, self.most)) * slots if beyond > 0 else 0


@dataclass(frozen=True)
class Start:
    """`number` counts from now on, with starts that are left out because nobody who waits may use them."""

    queue: Queue
    nth: int
    number: int


def starts(queues: list[Queue], slots: int) -> Iterator[Start]:
    """Lazily, because a million jobs may wait."""
    line = Line(queues, max(1, slots))
    while found := line.next():
        yield found


class Line:
    def __init__(self, queues: list[Queue], slots: int) -> None:
        self.slots, self.number = slots, 0
        # (virtual time, tenant, nth, queue) by lane; and behind the start that it may be at the soonest, what is held back.
        self.ready: dict[int, list[tuple[float, uuid.UUID, int, Queue]]] = {NOW: [], SCHEDULED: []}
        self.later: list[tuple[int, float, uuid.UUID, int, Queue]] = []
        for queue in queues:
            self._wait(queue, 1, queue.virtual_time)
        tenants = sum(queue.lane == NOW for queue in queues)
        # As in `claim.CLAIM`: of one tenant, and of all together, while others wait.
        self.by_hand = min(max(slots - 2, (slots + 1) // 2), max(1, slots // 4) * tenants)

    def next(self) -> Start | None:
        if self.later and not any(self.ready.values()):
            self.number = max(self.number, self.later[0][0])
        while self.later and self.later[0][0] <= self.number:
            _, at, tenant, nth, queue = heappop(self.later)
            heappush(self.ready[queue.lane], (at, tenant, nth, queue))
        if not any(self.ready.values()):
            return None
        at, _tenant, nth, queue = heappop(self.ready[self._lane()])
        start = Start(queue, nth, self.number)
        self.number += 1
        if nth < queue.queued:
            self._wait(queue, nth + 1, at + 1 / queue.weight)
        return start

    def _lane(self) -> int:
        if not self.ready[SCHEDULED]:
            return NOW
        return NOW if self.ready[NOW] and self.number % self.slots < self.by_hand else SCHEDULED

    def _wait(self, queue: Queue, nth: int, at: float) -> None:
        earliest = queue.earliest(nth, self.slots)
        if earliest > self.number:
            heappush(self.later, (earliest, at, queue.tenant_id, nth, queue))
        else:
            heappush(self.ready[queue.lane], (at, queue.tenant_id, nth, queue))
