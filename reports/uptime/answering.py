"""What the web processes found out about themselves. One of them looks each minute, whichever is the first; as the web login, outside any
scope."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from reports.models import ServicePart
from reports.uptime.judging import Verdict

Part = ServicePart.Part
EVERY_SECONDS = 60
# Somewhat less than a minute: processes that wait a minute each would else come a moment too soon each time.
TAKE = """
insert into reports_servicepart as known (part, asked_at) values ('site', clock_timestamp())
on conflict (part) do update set asked_at = excluded.asked_at
where known.asked_at is null or known.asked_at < clock_timestamp() - interval '50 seconds' returning 1
"""
TELL = """
insert into reports_servicepart as known (part, answered, answered_cause, answered_at)
values (%(part)s, %(state)s, %(cause)s, clock_timestamp())
on conflict (part) do update
set answered = excluded.answered, answered_cause = excluded.answered_cause, answered_at = excluded.answered_at
"""


def take_turn() -> bool:
    """Whether it is ours to look; else another one did, less than a minute ago."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE)
        return cursor.fetchone() is not None


def tell(found: Mapping[str, Verdict]) -> None:
    with connection.cursor() as cursor:
        for part, verdict in found.items():
            cursor.execute(TELL, {"part": part, "state": verdict.state, "cause": verdict.cause})
