"""Hosts: each a `manage.py worker` with a state folder of its own, all on this machine, with one database and one broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reports.engine.process import STOP_FILE
from tests.pretend_aws import ROOT

STOP_SECONDS = 40


class Host:
    def __init__(self, state: Path, environment: dict[str, str]) -> None:
        self.state, self._environment = state, environment | {"PORTAL_STATE_DIR": str(state)}
        state.mkdir(parents=True)
        self.start()

    def start(self) -> None:
        with (self.state / "worker.log").open("ab") as log:
            self.supervisor = subprocess.Popen(
                [sys.executable, "manage.py", "worker"], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    @property
    def log(self) -> str:
        return (self.state / "worker.log").read_text()

    def processes(self, cluster: str = "") -> dict[int, int]:
        """Its living processes but the supervisor: number -> process group."""
        return processes(self.state, cluster)

    def kill(self) -> None:
        """As when the machine loses its power: all of it at once."""
        self.supervisor.kill()
        self.supervisor.wait()
        self._signal_all(signal.SIGKILL)

    def freeze(self) -> None:
        """As when a virtual machine is paused: connections stay, and nothing happens."""
        self.supervisor.send_signal(signal.SIGSTOP)
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal_all(signal.SIGCONT)
        self.supervisor.send_signal(signal.SIGCONT)

    def end(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        self.supervisor.terminate()
        self.supervisor.wait(timeout=STOP_SECONDS)

    def _signal_all(self, number: int) -> None:
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, number)


def processes(state: Path, cluster: str = "") -> dict[int, int]:
    """Living processes below the supervisors of this state directory: number -> process group."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            entries = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            status, _parent, group = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        ours = any(entry.startswith(f"{STOP_FILE}={state}/") for entry in entries)
        if ours and status != "Z" and (not cluster or f"Q_CLUSTER_NAME={cluster}" in entries):
            found[int(folder.name)] = int(group)
    return found


@contextmanager
def running_hosts(folder: Path, environment: dict[str, str], number: int) -> Iterator[list[Host]]:
    """Stopped in order at the end; the log of each is in its folder."""
    hosts = [Host(folder / f"host-{place}", environment) for place in range(1, number + 1)]
    try:
        yield hosts
    finally:
        for host in hosts:
            if host.supervisor.poll() is None:
                host.thaw()
                host.stop()
