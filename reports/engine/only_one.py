"""One process of the whole installation does something, however many messages ask for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

# A host that lost its power sends no farewell: by itself the server would keep the lock for two hours.
KEEPALIVES = "-c tcp_keepalives_idle=3 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=3"
END = """
select pg_terminate_backend(pid) from pg_locks
 where locktype = 'advisory' and classid = %s and objid = %s and granted
   and database = (select oid from pg_database where datname = current_database())
"""


@contextmanager
def only_one(kind: int, number: int, name: str) -> Iterator[bool]:
    """Whether nobody else is in. A lock on a connection of its own: the server drops it when this process dies, however it dies.

    `kind` tells pumps from what stands by. `pg_stat_activity` has `name` and the process, as the connection's application.
    """
    holder = connections.create_connection("default")
    given = holder.settings_dict.get("OPTIONS", {})
    ours = {"application_name": f"{name} {socket.gethostname()[:40]}:{os.getpid()}", "options": f"{given.get('options', '')} {KEEPALIVES}"}
    holder.settings_dict = {**holder.settings_dict, "OPTIONS": given | ours}
    try:
        with holder.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s, %s)", [kind, number])
            yield bool(cursor.fetchone()[0])
    finally:
        holder.close()


def end_holder(kind: int, number: int) -> None:
    """Take the lock from whoever holds it: a process that is frozen keeps it as long as its connection."""
    with connection.cursor() as cursor:
        cursor.execute(END, [kind, number])
