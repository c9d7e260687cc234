"""Taking planned occurrences to make their jobs: leased, and each start counted, before anything can go wrong with it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.db import connection

# After a start that did not end, the next one waits so long; a new expander does not wait at all.
LEASE_SECONDS = 60
FIRST = uuid.UUID(int=0)
# The oldest of each tenant, tenant after tenant by the index. The recursion is evaluated as far as it is read.
TAKE = """
with recursive waiting(tenant_id) as (
    (select tenant_id from reports_occurrence where status = 'planned' and tenant_id > %(after)s order by tenant_id limit 1)
    union all
    select (select o.tenant_id from reports_occurrence o where o.status = 'planned' and o.tenant_id > waiting.tenant_id
             order by o.tenant_id limit 1)
      from waiting where waiting.tenant_id is not null),
taken as materialized (
    select oldest.id from waiting cross join lateral (
        select id from reports_occurrence o
         where o.tenant_id = waiting.tenant_id and o.status = 'planned' and get_byte(uuid_send(waiting.tenant_id), 15) %% 2 = %(half)s
           and (o.lease_until is null or o.lease_until <= statement_timestamp()) and (o.tries > 0) = %(begun)s
         order by o.planned_at limit %(each)s for update skip locked) oldest
     limit %(room)s)
update reports_occurrence o set tries = tries + 1, lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
  from taken where o.id = taken.id
returning o.id, o.tenant_id, o.tries
"""
RELEASE_ALL = """
update reports_occurrence set lease_until = null
 where status = 'planned' and lease_until is not null and get_byte(uuid_send(tenant_id), 15) %% 2 = %(half)s
"""


@dataclass(frozen=True)
class Taken:
    """`tries` counts this start, too."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    tries: int


class Round:
    """Where the round of one half of the tenants stands: who was served last comes last. In the engine's scope.

    By the last byte of the tenant's id: two expanders, each on a core of its own, never meet.
    """

    def __init__(self, half: int) -> None:
        self.half, self.after = half, FIRST

    def begun(self) -> list[Taken]:
        """One that was begun before and did not end: alone, so that if the process dies again it is known of whom."""
        return _take(self.half, FIRST, room=1, each=1, begun=True)

    def fresh(self, room: int) -> list[Taken]:
        """One of each tenant after the last one served, then of all; what room is left then is anybody's."""
        taken: list[Taken] = []
        for after, each in ((self.after, 1), (FIRST, 1), (FIRST, room)):
            if len(taken) < room:
                found = _take(self.half, after, room=room - len(taken), each=each, begun=False)
                if each == 1 and found:
                    self.after = max(single.tenant_id for single in found)
                taken += found
        return taken


def release_all(half: int) -> None:
    """Those that a dead expander held. In the engine's scope, by the only one of this half."""
    with connection.cursor() as cursor:
        cursor.execute(RELEASE_ALL, {"half": half})


def _take(half: int, after: uuid.UUID, *, room: int, each: int, begun: bool) -> list[Taken]:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"half": half, "after": after, "room": room, "each": each, "begun": begun, "lease": LEASE_SECONDS})
        return [Taken(*row) for row in cursor.fetchall()]
