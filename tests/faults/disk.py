"""A disk of some megabytes, a tmpfs of its own, which a test fills to the last byte and makes room on again."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

BLOCK = 1 << 16
# Python takes another folder for what is temporary where it cannot write four bytes.
PAGE = 4096


@dataclass(frozen=True)
class Disk:
    folder: Path

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    def fill(self, *, leave: int = 0) -> None:
        """All but `leave` bytes of it."""
        with self._filler.open("ab", buffering=0) as filler:
            for size in (BLOCK, PAGE):
                while self.free >= leave + size:
                    filler.write(bytes(size))

    @property
    def free(self) -> int:
        """In bytes."""
        told = os.statvfs(self.folder)
        return told.f_bavail * told.f_frsize

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """Skips the test where nothing can be mounted. Everybody may look into it: PostgreSQL has a user of its own."""
    folder = Path(tempfile.mkdtemp(prefix="portal-disk-"))
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0755", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if done.returncode:
        folder.rmdir()
        pytest.skip(f"A small disk needs the right to mount one: {done.stderr.strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()
