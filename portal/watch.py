"""Whether a cluster still works, judged by its processes and by what they say of themselves in their rows.

django-q2 puts another process in the place of one that died. But one that was killed while it waited for a task, or handed one on, keeps
a lock of the queue inside the cluster for ever: the others live, and take nothing. Only a new cluster helps.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from portal.census import Counted
from portal.proc import STOPPED, ZOMBIE

# Longer than one look of the supervisor, so that who is only looked at by a debugger for a moment lives on.
STOPPED_SECONDS = 3.0
UNMISSED_SECONDS = 10.0
# Longer than the ten seconds that django-q2 waits after its broker did not answer.
UNTAKEN_SECONDS = 15.0
# Until the first task of a new cluster: on a busy machine its processes need their time to begin.
UNBEGUN_SECONDS = 60.0


@dataclass
class Watch:
    """`workers`: how many tasks the cluster works on at a time."""

    workers: int
    _states: dict[int, tuple[str, float]] = field(default_factory=dict)
    _untaken_since: float | None = None
    _taken: dict[int, object] = field(default_factory=dict)

    def look(self, states: Mapping[int, str]) -> list[int]:
        """Note what each process is doing now; those that ended since the last look, or that nobody missed yet."""
        now = time.monotonic()
        ended = [pid for pid, (before, _) in self._states.items() if before != ZOMBIE and states.get(pid, ZOMBIE) == ZOMBIE]
        kept = {pid: self._states[pid][1] for pid, state in states.items() if self._states.get(pid, ("", 0))[0] == state}
        self._states = {pid: (state, kept.get(pid, now)) for pid, state in states.items()}
        return ended

    def frozen(self) -> list[int]:
        return self._since(STOPPED, STOPPED_SECONDS)

    def fault(self, ended: Collection[int], counted: Counted, *, waits: bool) -> str:
        """Why the cluster has to be replaced; empty: it works. `waits`: a message does."""
        doing = counted.doing
        idle = [pid for pid in ended if not doing.get(pid)]
        if idle:
            return f"process {idle[0]} died while it had no task in hand"
        if self._since(ZOMBIE, UNMISSED_SECONDS):
            return "nobody misses its dead processes"
        busy = [pid for pid, what in doing.items() if what and pid in self._states]
        taken = {pid: counted.taken[pid] for pid in self._states if counted.taken.get(pid)}
        before, self._taken = self._taken, taken
        if not waits or len(busy) >= self.workers or taken != before:
            self._untaken_since = None
        elif self._untaken_since is None:
            self._untaken_since = time.monotonic()
        elif time.monotonic() - self._untaken_since > (UNTAKEN_SECONDS if taken else UNBEGUN_SECONDS):
            return "messages wait, and its workers take none"
        return ""

    def doubt(self) -> None:
        """Database or broker did not answer: what is seen now tells nothing."""
        self._untaken_since = None

    def _since(self, state: str, seconds: float) -> list[int]:
        now = time.monotonic()
        return [pid for pid, (current, since) in self._states.items() if current == state and now - since > seconds]
