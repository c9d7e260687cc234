"""A real web process: gunicorn with the product's settings, as the image runs it, against the test database."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.pretend_aws import ROOT


@dataclass
class Web:
    process: subprocess.Popen[bytes]
    port: int
    written: Path
    _pages: Path | None = None

    def get(self, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Waits until a process serves: the socket listens from the start."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def children(self) -> list[psutil.Process]:
        return [child for child in psutil.Process(self.process.pid).children() if child.status() != psutil.STATUS_ZOMBIE]

    @property
    def pages(self) -> Path:
        """Where its processes count pages. Told by what they have open, and known from then on."""
        if self._pages is None:
            opened = [file.path for child in self.children() for file in child.open_files() if file.path.endswith(".db")]
            self._pages = Path(opened[0]).parent
        return self._pages

    def connections(self) -> int:
        """Those that were taken from the queue of the socket, and are open."""
        processes = psutil.Process(self.process.pid).children()
        open_ones = [single for process in processes for single in process.net_connections("tcp") if single.laddr.port == self.port]
        return sum(single.status == psutil.CONN_ESTABLISHED for single in open_ones)

    def lines(self) -> list[dict[str, Any]]:
        """All it wrote. Fails for a line that is not JSON."""
        return [json.loads(line) for line in self.written.read_text().splitlines()]


@contextmanager
def running_web(environment: dict[str, str], folder: Path, *, root: Path = ROOT, workers: int = 1) -> Iterator[Web]:
    """At a free port of 127.0.0.1; ended by SIGTERM. `root`: where the product lies."""
    written = folder / "web.log"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "DJANGO"))}
    with socket.create_server(("127.0.0.1", 0)) as listener, written.open("wb") as log:
        options = {"config": "python:portal.gunicorn", "bind": f"fd://{listener.fileno()}", "workers": workers}
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *(f"--{name}={value}" for name, value in options.items())],
            cwd=root,
            env=kept | environment | {"PORTAL_STATE_DIR": str(folder)},
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
        )
        port = listener.getsockname()[1]
    try:
        yield Web(process, port, written)
    finally:
        process.terminate()
        process.wait(timeout=40)
