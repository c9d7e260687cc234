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


@contextmanager
def running_worker(
    environment: dict[str, str], state: Path, *, command: tuple[str, ...] = ("manage.py", "worker")
) -> Iterator[subprocess.Popen[bytes]]:
    """Stopped in order at the end; its log is in `state`/worker.log."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=environment | {"PORTAL_STATE_DIR": str(state)}, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.1)


def environment_of(database_env: dict[str, str], aws_environment: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))} | database_env | aws_environment
