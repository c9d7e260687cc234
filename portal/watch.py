"""Whether a cluster still works, judged by its processes and by what they say of themselves in their rows.

django-q2 puts another process in the place of one that died. But one that was killed while it waited for a task, or handed one on, keeps
a lock of the queue inside the cluster for ever: the others live, and take nothing. Only a new cluster helps.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from portal.proc import STOPPED, ZOMBIE

# Longer than one look of the supervisor, so that who is only looked at by a debugger for a moment lives on.
STOPPED_SECONDS = 3.0
UNMISSED_SECONDS = 10.0
# Longer than the ten seconds that django-q2 waits after its broker did not answer.
UNTAKEN_SECONDS = 15.0


@dataclass
class Watch:
    """`workers`: how many tasks the cluster works on at a time."""

    workers: int
    _states: dict[int, tuple[str, float]] = field(default_factory=dict)
    _untaken_since: float | None = None

    def look(self, states: Mapping[int, str]) -> list[int]:
        """Note what each process is doing now; those that ended since the last look, or that nobody missed yet."""
        now = time.monotonic()
        ended = [pid for pid, (before, _) in self._states.items() if before != ZOMBIE and states.get(pid, ZOMBIE) == ZOMBIE]
        kept = {pid: self._states[pid][1] for pid, state in states.items() if self._states.get(pid, ("", 0))[0] == state}
        self._states = {pid: (state, kept.get(pid, now)) for pid, state in states.items()}
        return ended

    def frozen(self) -> list[int]:
        return self._since(STOPPED, STOPPED_SECONDS)

    def fault(self, ended: Collection[int], doing: Mapping[int, str], *, waits: bool) -> str:
        """Why the cluster has to be replaced; empty: it works. `doing`: the task in hand, by process. `waits`: a message does."""
        idle = [pid for pid in ended if not doing.get(pid)]
        if idle:
            return f"process {idle[0]} died while it had no task in hand"
        if self._since(ZOMBIE, UNMISSED_SECONDS):
            return "nobody misses its dead processes"
        busy = [pid for pid, what in doing.items() if what and pid in self._states]
        if not waits or len(busy) >= self.workers:
            self._untaken_since = None
        elif self._untaken_since is None:
            self._untaken_since = time.monotonic()
        elif time.monotonic() - self._untaken_since > UNTAKEN_SECONDS:
            return "messages wait, and its workers take none"
        return ""

    def doubt(self) -> None:
        """Database or broker did not answer: what is seen now tells nothing."""
        self._untaken_since = None

    def _since(self, state: str, seconds: float) -> list[int]:
        now = time.monotonic()
        return [pid for pid, (current, since) in self._states.items() if current == state and now - since > seconds]
