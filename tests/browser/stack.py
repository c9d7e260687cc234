"""The whole product as people run it, for a browser: web and worker processes, a pretend AWS, and a database of their own.

Of their own, because other tests empty the suite's tables. So everything is started once for all tests of this folder.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar
from urllib.error import URLError

import psycopg
from django.conf import settings
from django.db import connection, connections

from portal.local import demo
from portal.local.processes import Processes, listen
from portal.local.visitor import opener
from tests import database
from tests.pretend_aws import Server, start_server
from tests.reports.engine.worker import wait_for

P = ParamSpec("P")
T = TypeVar("T")
# One process, which is not made anew in the middle of a test.
WEB = ("--config=python:portal.gunicorn", "--workers=1", "--graceful-timeout=1", "--max-requests=0")
# A page that waits for a locked table says so at once instead of after five seconds; nothing else here waits for a lock.
SHORT_WAITS = "options=-c%20lock_timeout%3D300"
JOB_SECONDS = 1.0


class Rows:
    """`rows(make_job, tenant=…)` runs a function that uses the ORM in a thread of its own, on the database of the stack.

    In the main thread Playwright keeps an event loop running, in which Django refuses to ask the database.
    """

    def __init__(self, name: str, unblock: Callable[[], AbstractContextManager[None]]) -> None:
        self._unblock = unblock
        self._thread = ThreadPoolExecutor(1, initializer=_connect_to, initargs=(name,))

    def __call__(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        with self._unblock():
            return self._thread.submit(work, *args, **kwargs).result()

    def close(self) -> None:
        self(connections.close_all)
        self._thread.shutdown()


@dataclass(frozen=True)
class Stack:
    address: str
    aws: Server
    rows: Rows
    owner: psycopg.Connection


@contextmanager
def running_stack(state: Path, unblock: Callable[[], AbstractContextManager[None]]) -> Iterator[Stack]:
    """`unblock` lets the ORM through where pytest-django holds it back."""
    aws = start_server(state / "aws", job_seconds=JOB_SECONDS, small_files=True)
    with database.fresh_database() as name, psycopg.connect(database.addresses(name)["DATABASE_OWNER_URL"], autocommit=True) as owner:
        rows = Rows(name, unblock)
        try:
            with _serving(name, aws, state) as address:
                yield Stack(address, aws, rows, owner)
        finally:
            rows.close()
            aws.stop()


@contextmanager
def _serving(name: str, aws: Server, state: Path) -> Iterator[str]:
    listener = listen(0)
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    processes = Processes(_environment(name, address, aws, state), state / "log", lambda: None)
    try:
        processes.serve("web", "-m", "gunicorn", f"--bind=fd://{listener.fileno()}", *WEB, listeners=[listener])
        processes.serve("worker", "manage.py", "worker")
        wait_for(lambda: _is_ready(f"{address}/readyz"), 60, "web and worker are ready")
        yield address
    finally:
        processes.stop()
        listener.close()


def _environment(name: str, address: str, aws: Server, state: Path) -> dict[str, str]:
    given = {variable: value for variable, value in os.environ.items() if not variable.startswith("PYTEST_")}
    own = database.addresses(name) | {"SECRET_KEY": settings.SECRET_KEY, "PORTAL_STATE_DIR": str(state)}
    own["DATABASE_URL"] += ("&" if "?" in own["DATABASE_URL"] else "?") + SHORT_WAITS
    return demo.environment(given, address, aws.url) | own


def _connect_to(name: str) -> None:
    """For this thread alone: the dictionary is shared with the connections of all others."""
    connection.settings_dict = {**connection.settings_dict, "NAME": name}


def _is_ready(url: str) -> bool:
    try:
        opener().open(url, timeout=5).close()
    except (URLError, OSError):
        return False
    return True
