"""The embedded PostgreSQL: starts with its first user, stops with its last, survives every way of dying in between.

Only the programs come from a package; the life cycle is ours, because the package's own leaves servers behind and trusts stale files.
"""

from __future__ import annotations

import sys

from portal.local import LocalPostgresError

if sys.platform == "win32":
    raise LocalPostgresError("The embedded PostgreSQL does not run on Windows. Set DATABASE_URL to a PostgreSQL server.")

import atexit
import os
from types import TracebackType

from portal.local.postgres_files import SUPERUSER, Account, Files, installed
from portal.local.postgres_server import Server
from portal.local.postgres_users import Users
from tenants import roles


class Cluster:
    """One embedded PostgreSQL server, shared by all processes of this user that name it. `fast` may lose data: for tests."""

    def __init__(self, name: str, fast: bool = False) -> None:
        self._files = Files(name, Account.current())
        self._users = Users(self._files.home)
        self._server = Server(self._files, fast)
        self._fast = fast
        self._pid: int | None = None

    def acquire(self) -> Cluster:
        """Become a user of the cluster and start it if need be. Ends with `release()` or the process, forked children included."""
        installed()
        if self._pid == os.getpid():
            return self
        self._files.prepare()
        with self._users.turn() as turn:
            self._users.join()
            try:
                self._server.ensure_running(turn)
            except BaseException:
                self._users.leave()
                raise
        self._pid = os.getpid()
        atexit.register(self.release)
        return self

    def release(self) -> None:
        """Stop being a user; the last one stops the cluster. Does nothing in a forked child, which did not acquire it."""
        if self._pid != os.getpid():
            return
        self._pid = None
        atexit.unregister(self.release)
        with self._users.turn():
            if self._users.is_last():
                self._server.stop()
            self._users.leave()

    def __enter__(self) -> Cluster:
        return self.acquire()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def dsn(self, user: str, database: str) -> str:
        return self._server.dsn(user, database)

    def ensure_database(self, name: str) -> None:
        """The roles, and a database of that name that belongs to the owner login. In a test cluster the owner may make more."""
        with self._users.turn():
            roles.create(self.dsn(SUPERUSER, "postgres"), name, createdb=self._fast)
