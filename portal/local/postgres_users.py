"""Counts the processes that use one cluster, by file locks: the kernel drops them however a process ends, kill -9 included."""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

FLAGS = os.O_CREAT | os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW


class _LockForChild(threading.local):
    """By thread, because two may fork at once."""

    lock: int | None = None


class Users:
    """Every user holds a shared lock on one file; who can lock it exclusively is the last. Ask only while holding `turn()`."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._held: int | None = None
        self._for_child = _LockForChild()
        _counted.add(self)

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
        before, self._held = self._held, self._shared_lock()
        _close(before)

    def before_fork(self) -> None:
        """A fork shares its parent's lock, so that the parent's departure would look like that of both. The child gets its own: taken
        before the fork, because the parent may leave at once."""
        self._for_child.lock = self._shared_lock() if self._held is not None else None

    def after_fork_in_parent(self) -> None:
        _close(self._for_child.lock)
        self._for_child.lock = None

    def after_fork_in_child(self) -> None:
        _close(self._held)
        self._held = self._for_child.lock

    def _shared_lock(self) -> int:
        file = os.open(self._home / "users.lock", FLAGS, 0o600)
        fcntl.flock(file, fcntl.LOCK_SH)
        return file

    def is_last(self) -> bool:
        assert self._held is not None
        with suppress(BlockingIOError):
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False

    def leave(self) -> None:
        _close(self._held)
        self._held = None


def _close(file: int | None) -> None:
    if file is not None:
        os.close(file)


_counted: weakref.WeakSet[Users] = weakref.WeakSet()


def _for_each(step: Callable[[Users], None]) -> Callable[[], None]:
    def take() -> None:
        for users in list(_counted):
            step(users)

    return take


os.register_at_fork(
    before=_for_each(Users.before_fork),
    after_in_parent=_for_each(Users.after_fork_in_parent),
    after_in_child=_for_each(Users.after_fork_in_child),
)
