"""What /proc tells of this host's processes. Where there is none (other systems than Linux) nothing is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# States of proc(5).
STOPPED, ZOMBIE = "T", "Z"
# Of a cluster: its main process, the one that minds the others, and those.
GENERATIONS = 2


def family(leader: int) -> dict[int, str]:
    """The state of a process, of its children and of theirs, by number. What a task of theirs runs beside it is not among them."""
    known = dict(_all())
    found = {leader}
    for _ in range(GENERATIONS):
        found |= {pid for pid, (parent, _) in known.items() if parent in found}
    return {pid: known[pid][1] for pid in found if pid in known}


def with_variable(entry: str) -> Iterator[int]:
    """Processes that were started with NAME=value in their environment."""
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if entry.encode() in environment.read_bytes().split(b"\0"):
                yield int(environment.parent.name)


def is_worker(pid: int) -> bool:
    """A process of that number that is a worker; another program may have got the number since."""
    try:
        return b"worker" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def _all() -> Iterator[tuple[int, tuple[int, str]]]:
    """Number, parent's number, state."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name stands in brackets and may hold anything.
            state, parent = stat.read_text(errors="replace").rpartition(")")[2].split()[:2]
            yield int(stat.parent.name), (int(parent), state)
