"""Jobs that end or stop the process that starts them, in a worker with the settings beside this file.

A job is poisoned by its `requested_prefix`, which an API client may choose and which decides nothing in the product.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

from reports.engine import crew, leasing, pump, start, turns

# A folder in which each start is noted; and limits of seconds, so that no test waits for minutes.
STARTS, SHORT = "FAULT_STARTS", "FAULT_SHORT_LIMITS"
MUCH = 1 << 34


def run_out_of_memory() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (MUCH // 2, hard))
    try:
        bytearray(MUCH)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def raise_an_exception() -> None:
    raise ArithmeticError("poison")


POISONS: dict[str, Callable[[], object]] = {
    "exception": raise_an_exception,
    "memory": run_out_of_memory,
    "exit": lambda: os._exit(1),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(600),
}


def install() -> None:
    original = start._send

    def poisoned(attempt, quicksight, clock):
        if poison := POISONS.get(attempt.job.requested_prefix):
            note = Path(os.environ[STARTS]) / f"{attempt.job.requested_prefix} {time.monotonic_ns()} {os.getpid()}"
            note.touch()
            poison()
        return original(attempt, quicksight, clock)

    start._send = poisoned
    if os.environ.get(SHORT):
        # Far more than a step takes beside three other real workers: an innocent one that outlived its lease would count as one that hangs.
        leasing.LEASE_SECONDS, turns.DRAIN_SECONDS = 6, 1
        crew.ALONE_SECONDS = turns.ALONE_SECONDS = 3
        pump.pump.__wrapped__.__defaults__ = (9.0,)


def starts(folder: Path) -> dict[str, list[int]]:
    """Process of each start, by poison."""
    found: dict[str, list[int]] = {}
    for path in sorted(folder.iterdir(), key=lambda path: int(path.name.split()[1])):
        poison, _, process = path.name.split()
        found.setdefault(poison, []).append(int(process))
    return found
