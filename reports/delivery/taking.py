"""Taking what is due to go out: one statement that goes round the tenants, skips what others hold, and leases what it takes.

A leased row is due again at the end of its lease, so whoever looks for due rows finds those of a dead courier too. `tries` is counted
here, before anything can go wrong with it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from reports.models import Delivery, Notice

# Longer than a conversation with a mail server may take, the wait for its turn and the reading of attachments included.
LEASE_SECONDS = 300
FIRST = uuid.UUID(int=0)
# The recursion hops from tenant to tenant by the index, and stops as soon as enough was found: it is evaluated as far as it is read.
TAKE = """
with recursive waiting(tenant_id) as (
    (select tenant_id from {table} where status in ('pending', 'sending') and next_try_at is not null and tenant_id > %(after)s
      order by tenant_id limit 1)
    union all
    select (select m.tenant_id from {table} m
             where m.status in ('pending', 'sending') and m.next_try_at is not null and m.tenant_id > waiting.tenant_id
             order by m.tenant_id limit 1)
      from waiting where waiting.tenant_id is not null),
due as materialized (
    select mail.id from waiting cross join lateral (
        select m.id from {table} m
         where m.tenant_id = waiting.tenant_id and m.status in ('pending', 'sending') and m.next_try_at is not null
           and m.next_try_at <= statement_timestamp()
           and not exists (select from reports_pause pause where pause.kind = 'delivery' and pause.tenant_id = waiting.tenant_id)
         order by m.next_try_at limit %(each)s for update skip locked) mail
     limit %(room)s)
update {table} m
   set tries = m.tries + 1, lease_until = clock_timestamp() + %(lease)s * interval '1 second',
       next_try_at = clock_timestamp() + %(lease)s * interval '1 second'
  from due where m.id = due.id
returning m.id, m.tenant_id, m.status, m.tries, m.lease_until
"""


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
    with connection.cursor() as cursor:
        # nosemgrep: sql-from-text - the table's name is our own model's
        cursor.execute(TAKE.format(table=model._meta.db_table), {"after": after, "each": each, "room": room, "lease": LEASE_SECONDS})
        rows = cursor.fetchall()
    sending = model.Status.SENDING
    return [Lease(model, id, tenant_id, tries, until, status == sending) for id, tenant_id, status, tries, until in rows]
