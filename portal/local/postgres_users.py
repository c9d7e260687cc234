"""Counts the processes that use one cluster, by file locks: the kernel drops them however a process ends, kill -9 included."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

FLAGS = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class Users:
    """Every user holds a shared lock on one file; who can lock it exclusively is the last. Ask only while holding `turn()`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._held: int | None = None

    @contextmanager
    def turn(self) -> Iterator[IO[bytes]]:
        """One process at a time starts, stops or changes the cluster. A child that is given the file prolongs the turn."""
        with open(os.open(self._home / "turn.lock", FLAGS, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield file
            finally:
                # Closing alone would not end the turn if another thread has forked meanwhile.
                fcntl.flock(file, fcntl.LOCK_UN)

    def join(self) -> None:
        self._held = os.open(self._home / "users.lock", FLAGS, 0o600)
        fcntl.flock(self._held, fcntl.LOCK_SH)

    def rejoin_after_fork(self) -> None:
        """A fork shares its parent's lock, and the parent's departure would look like that of both. So the child takes its own."""
        if self._held is None:
            return
        shared, self._held = self._held, os.open(self._home / "users.lock", FLAGS, 0o600)
        # The parent may be leaving at this very moment, as the last one; then there is nothing to hold on to.
        with suppress(BlockingIOError):
            fcntl.flock(self._held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.close(shared)

    def is_last(self) -> bool:
        assert self._held is not None
        with suppress(BlockingIOError):
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def leave(self) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None
