"""What follows a call that cannot be taken back: its outcome is written down, however long the database takes to come back."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

RECONNECT_SECONDS = 1.0


def write_down(write: Callable[[], object], lease_seconds: float) -> None:
    """As long as the lease lasts: what was sent and is not written down will be sent again. Then raises what the database said."""
    end = time.monotonic() + lease_seconds / 2
    while True:
        try:
            write()
            return
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(RECONNECT_SECONDS)


def place_of(error: Exception) -> str:
    """File and line, for the log: the error's own text may be an address."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno}"
