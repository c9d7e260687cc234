"""`manage.py worker`: the background side of one host. Runs django-q2's clusters, and replaces what died, froze or stalled.

What a killed supervisor left behind is found by a note in the state directory.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import time
import uuid
from contextlib import suppress
from pathlib import Path
from types import FrameType

import django.db
from django.conf import settings
from django.db import connection

from portal import census, proc
from portal.census import Counted
from portal.cluster import Cluster
from reports import tasks
from reports.engine.process import STOP_FILE

logger = logging.getLogger(__name__)
STOP_SECONDS = 25.0
LOOK_SECONDS = 2.0
# So long after database or broker did not answer, processes may still end because of it: django-q2's do ten seconds later.
TROUBLE_SECONDS = 15.0


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
        self.stopping, self.trouble_at = False, -TROUBLE_SECONDS

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        tasks.install_recurring()
        connection.close()
        look_at = time.monotonic()
        try:
            while not self.stopping:
                now = time.monotonic()
                for cluster in self.clusters:
                    if cluster.tend(now):
                        self._send_first_messages(cluster)
                if now >= look_at:
                    look_at = now + LOOK_SECONDS
                    self._look(now)
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

    def _look(self, now: float) -> None:
        states = {cluster.name: cluster.states() for cluster in self.clusters}
        ended = {cluster.name: cluster.watch.look(states[cluster.name]) for cluster in self.clusters}
        for cluster in self.clusters:
            for pid in cluster.watch.frozen():
                _kill(pid, "is stopped")
        try:
            counted = census.count(self.note.name, states)
            waits = {cluster.name: tasks.waiting(cluster.name) > 0 for cluster in self.clusters}
            tasks.replace_dead()
        except Exception:
            self._note_trouble(now)
            return
        finally:
            connection.close()
        if now - self.trouble_at > TROUBLE_SECONDS:
            for pid in counted.silent:
                _kill(pid, "makes no turn any more")
            for cluster in self.clusters:
                self._judge(cluster, ended[cluster.name], counted, waits=waits[cluster.name])

    def _note_trouble(self, now: float) -> None:
        """Database, cache or broker does not answer. Said once; all of it is tried again at the next look."""
        if now - self.trouble_at > TROUBLE_SECONDS:
            logger.exception("nothing is sent for, and nothing is judged")
        self.trouble_at = now
        for cluster in self.clusters:
            cluster.watch.doubt()

    def _judge(self, cluster: Cluster, ended: list[int], counted: Counted, *, waits: bool) -> None:
        fault = cluster.watch.fault(ended, counted, waits=waits)
        if not fault and cluster.process and tasks.workers(cluster.name) > cluster.watch.workers:
            fault = "there are more accounts than it has workers for"
        if fault:
            logger.error("cluster %s: %s; restarting it", cluster.name, fault)
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
        _forget(self.note.name)


def end_leftovers(notes: Path) -> None:
    """End the processes of supervisors of this host that were killed; those of a living one are left alone."""
    for note in notes.glob("[0-9a-f]" * 32):
        if not proc.is_worker(int(note.read_text())):
            for pid in proc.with_variable(f"{STOP_FILE}={note.with_suffix('.stop')}"):
                _kill(pid, "is of a worker that was killed")
            note.with_suffix(".stop").unlink(missing_ok=True)
            note.unlink(missing_ok=True)
            _forget(note.name)


def _kill(pid: int, why: str) -> None:
    logger.error("process %s %s: ending it", pid, why)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _forget(worker: str) -> None:
    """Without a database the rows stay, and are seen as dead by their age."""
    with suppress(django.db.Error):
        census.forget(worker)
    connection.close()
