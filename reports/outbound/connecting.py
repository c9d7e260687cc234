"""A connection to one of the addresses that were checked, and to no other."""

from __future__ import annotations

import socket
import time

from reports.outbound.errors import CannotConnect


def connect(host: str, port: int, addresses: list[str], seconds: float) -> socket.socket:
    """To the first of `addresses` that takes us, within `seconds` for all of them. `host` is for the words alone. Raises CannotConnect."""
    end, last = time.monotonic() + seconds, OSError()
    for number, address in enumerate(addresses):
        left = end - time.monotonic()
        # The last ones of many get what is left; the first must not use it up.
        patience = left if number == len(addresses) - 1 else left / 2
        if left <= 0:
            break
        try:
            return socket.create_connection((address, port), timeout=patience)
        except OSError as error:
            last = error
    raise CannotConnect(f"No connection to {host}, port {port}: {last.strerror or 'no answer'}.")
