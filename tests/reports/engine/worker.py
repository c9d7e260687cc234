"""A real `manage.py worker` as its own processes, against the test database and the pretend AWS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
# Waits are written in seconds of a quiet machine; the suite runs four of these beside a browser on two cores.
PATIENCE = 5
LOG_END = 20_000


@contextmanager
def running_worker(
    environment: dict[str, str], state: Path, *, command: tuple[str, ...] = ("manage.py", "worker"), root: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """Stopped in order at the end; its log is in `state`/worker.log. `root`: where the product lies."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=root, env=environment | {"PORTAL_STATE_DIR": str(state)}, stdout=log, stderr=log
        )
    try:
        yield process
    except BaseException:
        # What it did says more than that it did not get there.
        print((state / "worker.log").read_text(errors="replace")[-LOG_END:], file=sys.stderr)
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40 * PATIENCE)


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Wait `seconds` of a quiet machine for what must come. It says nothing about time: only what never comes fails."""
    end = time.monotonic() + seconds * PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds * PATIENCE} s: {what}")
        time.sleep(0.1)


def environment_of(database_env: dict[str, str], aws_environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))} | database_env | aws_environment
