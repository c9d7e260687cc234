"""Taking what is due to go out: one statement that goes round the tenants, skips what others hold, and leases what it takes.

A leased row is due again at the end of its lease, so whoever looks for due rows finds those of a dead worker too. `tries` is counted
here, before anything can go wrong with it.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

FIRST = uuid.UUID(int=0)
# The recursion hops from tenant to tenant by the index, and stops as soon as enough was found: it is evaluated as far as it is read.
TAKE = """
with recursive waiting(tenant_id) as (
    (select m.tenant_id from {table} m where m.status in ({open}) and m.next_try_at is not null and {only} and m.tenant_id > %(after)s
      order by m.tenant_id limit 1)
    union all
    select (select m.tenant_id from {table} m
             where m.status in ({open}) and m.next_try_at is not null and {only} and m.tenant_id > waiting.tenant_id
             order by m.tenant_id limit 1)
      from waiting where waiting.tenant_id is not null),
due as materialized (
    select mine.id from waiting cross join lateral (
        select m.id from {table} m
         where m.tenant_id = waiting.tenant_id and m.status in ({open}) and m.next_try_at is not null and {only}
           and m.next_try_at <= statement_timestamp()
           and {free} and not exists ({held}) and waiting.tenant_id <> all(%(but)s)
         order by m.next_try_at limit %(each)s for update skip locked) mine
     limit %(room)s)
update {table} m
   set tries = m.tries + 1, lease_until = clock_timestamp() + %(lease)s * interval '1 second',
       next_try_at = clock_timestamp() + %(lease)s * interval '1 second'
  from due where m.id = due.id
returning m.id, m.tenant_id, m.status, m.tries, m.lease_until
"""


class Taken(NamedTuple):
    """`until` tells this taking from every other one: only who names it may write."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    status: str
    tries: int
    until: datetime


@dataclass(frozen=True)
class Line:
    """A table with the due columns. `open`: the states in which a row waits; `held`: a query that finds a row where `waiting.tenant_id`
    may not go on just now; `only`: a condition on the row `m` that its index has, too; `free`: one that is asked of what is due."""

    table: str
    open: tuple[str, ...]
    held: str
    lease_seconds: float
    only: str = "true"
    free: str = "true"

    @property
    def statement(self) -> str:
        states = ", ".join(f"'{state}'" for state in self.open)
        return TAKE.format(table=self.table, open=states, held=self.held, only=self.only, free=self.free)

    def take(self, after: uuid.UUID, each: int, room: int, but: Collection[uuid.UUID] = ()) -> list[Taken]:
        """In the engine's scope: `room` at most, `each` of a tenant, of those after `after` and none of `but`."""
        values: dict[str, Any] = {"after": after, "each": each, "room": room, "lease": self.lease_seconds, "but": list(but)}
        with connection.cursor() as cursor:
            # nosemgrep: sql-from-text - table, states and pauses are our own words
            cursor.execute(self.statement, values)
            return [Taken(*row) for row in cursor.fetchall()]
