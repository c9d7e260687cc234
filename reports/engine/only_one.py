"""One process of the whole installation does something, however many messages ask for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections


@contextmanager
def only_one(kind: int, number: int, name: str) -> Iterator[bool]:
    """Whether nobody else is in. A lock on a connection of its own: the server drops it when this process dies, however it dies.

    `kind` tells pumps from what stands by. `pg_stat_activity` has `name` and the process, as the connection's application.
    """
    holder = connections.create_connection("default")
    options = {**holder.settings_dict.get("OPTIONS", {}), "application_name": f"{name} {socket.gethostname()[:40]}:{os.getpid()}"}
    holder.settings_dict = {**holder.settings_dict, "OPTIONS": options}
    try:
        with holder.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s, %s)", [kind, number])
            yield bool(cursor.fetchone()[0])
    finally:
        holder.close()
