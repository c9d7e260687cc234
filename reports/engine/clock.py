"""The database's time, for everything that is compared with times in the database: hosts' clocks differ and step."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from django.db import connection


class DatabaseClock:
    """Reads the database's clock once in a while and counts on from there by the monotonic one."""

    def __init__(self) -> None:
        self.set(datetime.now(UTC))

    def set(self, database_now: datetime) -> None:
        self._anchor = (database_now, time.monotonic())

    def synchronise(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select clock_timestamp()")
            self.set(cursor.fetchone()[0])

    def __call__(self) -> datetime:
        then, at = self._anchor
        return then + timedelta(seconds=time.monotonic() - at)
