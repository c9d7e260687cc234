"""`manage.py worker`: the background side of one host. Runs django-q2's clusters as process groups, restarts one that died or stalled.

A killed cluster leaves workers behind that go on taking tasks; so each cluster is a process group of its own, and the whole group is
ended before another one starts. What a killed supervisor left behind is found by a note in the state directory.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from django.conf import settings
from django.db import connection
from django.utils import timezone

from reports import tasks
from reports.engine.pump import STOP_FILE

logger = logging.getLogger(__name__)
STOP_SECONDS = 25.0
STALL_CHECK_SECONDS = 30.0
DEAD_CHECK_SECONDS = 2.0
LONGEST_RESTART_WAIT = 30.0
PR_SET_PDEATHSIG = 1


@dataclass
class Cluster:
    name: str
    stop_file: Path
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    start_at: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        environment = os.environ | {"Q_CLUSTER_NAME": self.name, STOP_FILE: str(self.stop_file)}
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster", "--skip-checks"]
        self.process = subprocess.Popen(command, env=environment, start_new_session=True, preexec_fn=_die_with_parent)
        logger.info("cluster %s started, process %s", self.name, self.process.pid)

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


class Supervisor:
    def __init__(self) -> None:
        self.notes = settings.STATE_DIR / "workers"
        self.notes.mkdir(parents=True, exist_ok=True)
        end_leftovers(self.notes)
        self.note = self.notes / uuid.uuid4().hex
        self.stop_file = self.note.with_suffix(".stop")
        # By renaming: another supervisor of this host never reads half a note.
        unfinished = self.note.with_suffix(".new")
        unfinished.write_text(str(os.getpid()))
        unfinished.rename(self.note)
        self.clusters = [Cluster(name, self.stop_file) for name in tasks.CLUSTERS]
        self.stopping = False

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        tasks.install_recurring()
        connection.close()
        check_at, dead_at = time.monotonic() + STALL_CHECK_SECONDS, time.monotonic() + DEAD_CHECK_SECONDS
        try:
            while not self.stopping:
                now = time.monotonic()
                for cluster in self.clusters:
                    if cluster.tend(now):
                        self._send_first_messages(cluster)
                if now >= check_at:
                    self._end_stalled()
                    check_at = now + STALL_CHECK_SECONDS
                if now >= dead_at:
                    dead_at = now + (DEAD_CHECK_SECONDS if self._replace_dead() else STALL_CHECK_SECONDS)
                time.sleep(0.2)
        finally:
            self._shut_down()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _send_first_messages(self, cluster: Cluster) -> None:
        """Whatever keeps them from being sent (database, broker), the clusters live on: the scheduler sends its own each minute."""
        try:
            tasks.first_messages(cluster.name)
        except Exception:
            logger.exception("cluster %s waits for the scheduler", cluster.name)
        finally:
            connection.close()

    def _replace_dead(self) -> bool:
        """False: nothing could be asked (database) or sent (cache, broker). Then later, and the scheduler sends its own each minute."""
        try:
            tasks.replace_dead()
        except Exception:
            logger.exception("nothing is sent for")
            return False
        finally:
            connection.close()
        return True

    def _end_stalled(self) -> None:
        try:
            stalled = [cluster for cluster in self.clusters if tasks.stalled(cluster.name, timezone.now()) or _is_silent(cluster)]
        except Exception:
            logger.exception("nothing is judged as stalled")
            stalled = []
        finally:
            connection.close()
        for cluster in stalled:
            logger.error("cluster %s takes no tasks; restarting it", cluster.name)
            cluster.kill()

    def _shut_down(self) -> None:
        """Pumps hand over first, then the clusters finish the task in hand, then what is left is ended."""
        self.stop_file.touch()
        running = [cluster for cluster in self.clusters if cluster.process]
        for cluster in running:
            assert cluster.process
            cluster.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for cluster in running:
            assert cluster.process
            with suppress(subprocess.TimeoutExpired):
                cluster.process.wait(max(0.1, deadline - time.monotonic()))
            cluster.kill()
        self.stop_file.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def _is_silent(cluster: Cluster) -> bool:
    """What was silent before it started says nothing about it."""
    return time.monotonic() - cluster.start_at > tasks.SILENT_AFTER.total_seconds() and tasks.silent(cluster.name)


def end_leftovers(notes: Path) -> None:
    """End the processes of supervisors of this host that were killed; those of a living one are left alone."""
    for note in notes.glob("[0-9a-f]" * 32):
        if not _is_alive(int(note.read_text())):
            for pid in _processes_with(f"{STOP_FILE}={note.with_suffix('.stop')}"):
                logger.warning("ending process %s of a worker that was killed", pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            note.with_suffix(".stop").unlink(missing_ok=True)
            note.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    """A process of that number that is a worker; another program may have got the number since."""
    try:
        return b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _processes_with(entry: str) -> Iterator[int]:
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if entry.encode() in environment.read_bytes().split(b"\0"):
                yield int(environment.parent.name)


def _die_with_parent() -> None:
    """On Linux a cluster gets SIGTERM when its supervisor is killed. Elsewhere the next supervisor finds it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
