"""A real web process, as the image starts it, against the test database."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
from django.conf import settings
from django.test import Client

from tests.reports.engine.worker import ROOT, wait_for

THREADS = 2


@dataclass
class Web:
    address: str
    process: subprocess.Popen[bytes]
    session: str = ""

    def status(self, path: str, *, timeout: float = 20) -> int:
        """Of one request; 0: no answer in time, or none at all."""
        cookies = {settings.SESSION_COOKIE_NAME: self.session} if path.startswith("/t/") else {}
        try:
            return requests.get(self.address + path, cookies=cookies, timeout=timeout, allow_redirects=False).status_code
        except requests.RequestException:
            return 0


@contextmanager
def running_web(environment: dict[str, str], state: Path, *, root: Path = ROOT) -> Iterator[Web]:
    """`root`: where the product lies."""
    with socket.create_server(("127.0.0.1", 0)) as listener, (state / "web.log").open("ab") as log:
        options = {"bind": f"fd://{listener.fileno()}", "workers": 1, "worker-class": "gthread", "threads": THREADS}
        flags = [*(f"--{name}={value}" for name, value in options.items()), "--graceful-timeout=1", "--no-control-socket"]
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "portal.wsgi:application", *flags],
            cwd=root,
            env=environment | {"PORTAL_STATE_DIR": str(state)},
            pass_fds=[listener.fileno()],
            stdout=log,
            stderr=log,
        )
        web = Web(f"http://127.0.0.1:{listener.getsockname()[1]}", process)
        try:
            wait_for(lambda: web.status("/healthz", timeout=1) == 200, 30, "the web process answers")
            yield web
        finally:
            process.terminate()
            process.wait(timeout=20)


def session_of(user) -> str:
    browser = Client()
    browser.force_login(user)
    return browser.cookies[settings.SESSION_COOKIE_NAME].value
