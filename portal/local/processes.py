"""The processes of the demo: each with a log of its own, ended together, and none outlives the one who started them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from portal.local import ROOT

PR_SET_PDEATHSIG = 1
# People expect Ctrl-C to give the prompt back; whatever takes longer is killed.
STOP_SECONDS = 2.0
KILLED_SECONDS = 10.0  # a busy machine needs a moment even for that
LOOK_AGAIN_SECONDS = 0.05
LAST_LINES = 15


class ProcessFailed(Exception):
    """A process ended that should not have; the message holds the end of its log."""


@dataclass(frozen=True)
class Child:
    name: str
    log: Path
    process: subprocess.Popen[bytes]

    def failed(self) -> ProcessFailed:
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        end = "".join(f"\n  | {line}" for line in lines)
        return ProcessFailed(f"{self.name} ended with {self.process.returncode}. The end of {self.log}:{end}")


class Processes:
    """`interrupted` is asked at every wait and may raise; a process that ends unasked raises ProcessFailed there too."""

    def __init__(self, environment: Mapping[str, str], logs: Path, interrupted: Callable[[], None]) -> None:
        self._environment = environment
        self._logs = logs
        self._interrupted = interrupted
        self._serving: list[Child] = []
        self._running: list[Child] = []
        logs.mkdir(parents=True, exist_ok=True)

    def serve(self, name: str, *command: str, listeners: Sequence[socket.socket] = ()) -> None:
        """Start a process that should run until `stop`. It inherits the `listeners` under the same numbers."""
        self._serving.append(self._start(name, command, {}, show=False, listeners=listeners))

    def begin(self, name: str, *command: str, extra: Mapping[str, str] | None = None, show: bool = False) -> Child:
        """Start a process that ends by itself. `show` lets its output into the terminal; errors go to the log all the same."""
        child = self._start(name, command, extra or {}, show)
        self._running.append(child)
        return child

    def finish(self, child: Child) -> None:
        """Wait for its end. Raises ProcessFailed unless it ended well."""
        while child.process.poll() is None:
            self.pause()
        self._running.remove(child)
        if child.process.returncode:
            raise child.failed()

    def pause(self) -> None:
        self._interrupted()
        for child in self._serving:
            if child.process.poll() is not None:
                raise child.failed()
        time.sleep(LOOK_AGAIN_SECONDS)

    def stop(self) -> None:
        """The one they all talk to, which was started first, ends last. Whatever is left of them, or of what they started, is killed."""
        children = [*self._serving, *self._running]
        family = _family(children)
        give_up = time.monotonic() + STOP_SECONDS
        for group in (children[1:], children[:1]):
            for child in group:
                child.process.terminate()
            for child in group:
                _wait(child, give_up)
        give_up += KILLED_SECONDS
        while left := [process for process in family | _family(children) if _is_alive(process)]:
            for process in left:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            if time.monotonic() > give_up:
                raise ProcessFailed(f"These do not end: {', '.join(map(str, left))}")
            time.sleep(LOOK_AGAIN_SECONDS)

    def _start(
        self, name: str, command: tuple[str, ...], extra: Mapping[str, str], show: bool, listeners: Sequence[socket.socket] = ()
    ) -> Child:
        log = self._logs / f"{name}.log"
        with open(log, "wb") as file:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env={**self._environment, **extra},
                stdin=subprocess.DEVNULL,
                stdout=None if show else file,
                stderr=file,
                # Out of the terminal's reach: Ctrl-C comes to the launcher alone, which ends them in order.
                start_new_session=True,
                pass_fds=[listener.fileno() for listener in listeners],
                preexec_fn=partial(_die_with_parent, os.getpid()),
            )
        return Child(name, log, process)


def _family(children: list[Child]) -> set[psutil.Process]:
    """The processes and all they started: read before they are told to end, because an orphan no longer tells whose it was."""
    family: set[psutil.Process] = set()
    for child in children:
        try:
            process = psutil.Process(child.process.pid)
            family |= {process, *process.children(recursive=True)}
        except psutil.NoSuchProcess:
            continue
    return family


def _is_alive(process: psutil.Process) -> bool:
    """A zombie has ended, though nobody has asked how yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait(child: Child, give_up: float) -> None:
    try:
        child.process.wait(max(0.05, give_up - time.monotonic()))
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()


def _die_with_parent(parent: int) -> None:
    """On Linux a child hears of it when the launcher was killed with -9. By SIGINT, on which even a plain command cleans up: the last
    one to leave stops PostgreSQL."""
    # A shell lets what runs in its background ignore it, which children take over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)


def listen(wanted: int) -> socket.socket:
    """At `wanted` if nobody listens there, else at another port. Handed on as it is: a port that is only looked up may be lost again."""
    with socket.socket() as caller:
        taken = caller.connect_ex(("127.0.0.1", wanted)) == 0
    for port in [0] if taken else [wanted, 0]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen()
        except OSError:
            listener.close()
            continue
        return listener
    raise ProcessFailed("There is no free port on 127.0.0.1.")
