"""One of a worker's clusters: django-q2's processes for one queue, as a process group of their own.

A killed cluster leaves workers behind that go on taking tasks; so the whole group is ended before another one starts.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from portal import proc
from portal.watch import Watch
from reports import tasks
from reports.engine.process import CLUSTER, STOP_FILE

logger = logging.getLogger(__name__)
LONGEST_RESTART_WAIT = 5.0
FEWEST_WORKERS = 2
PR_SET_PDEATHSIG = 1


@dataclass
class Cluster:
    name: str
    stop_file: Path
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    start_at: float = field(default_factory=time.monotonic)
    watch: Watch = field(default_factory=lambda: Watch(FEWEST_WORKERS))

    def start(self) -> None:
        self.watch = Watch(self._workers())
        environment = os.environ | {CLUSTER: self.name, STOP_FILE: str(self.stop_file)}
        if self.name == tasks.ENGINE:
            environment["PORTAL_ENGINE_WORKERS"] = str(self.watch.workers)
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster", "--skip-checks"]
        self.process = subprocess.Popen(command, env=environment, start_new_session=True, preexec_fn=_die_with_parent)
        logger.info("cluster %s started with %s workers, process %s", self.name, self.watch.workers, self.process.pid)

    def _workers(self) -> int:
        try:
            return tasks.workers(self.name)
        except Error:
            # More are started as soon as the database says of how many accounts.
            return FEWEST_WORKERS
        finally:
            connection.close()

    def states(self) -> dict[int, str]:
        """Of its processes, by number."""
        return proc.family(self.process.pid) if self.process else {}

    def kill(self) -> None:
        """The whole group, at once: workers outlive a killed main process and go on taking tasks."""
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def tend(self, now: float) -> bool:
        """Start it when it is time; note that it died, and when it may start again. Whether it was started now."""
        if self.process is None and now >= self.start_at:
            self.start()
            return True
        if self.process and self.process.poll() is not None:
            self._note_end(now)
        return False

    def _note_end(self, now: float) -> None:
        assert self.process
        logger.error("cluster %s ended with %s", self.name, self.process.returncode)
        self.kill()
        lived = now - self.start_at
        self.failures = 0 if lived > LONGEST_RESTART_WAIT else self.failures + 1
        self.start_at = now + min(LONGEST_RESTART_WAIT, 2.0 ** min(self.failures, 10) - 1)
        self.process = None


def _die_with_parent() -> None:
    """On Linux a cluster gets SIGTERM when its supervisor is killed. Elsewhere the next supervisor finds it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
