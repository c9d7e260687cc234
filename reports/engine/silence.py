"""Whether an account lets us in and answers. One job that cannot get an answer is that job's own trouble and must not stop an account."""

from __future__ import annotations

import uuid

# Unanswered calls for this many different jobs, with no answer in between, are QuickSight's silence.
JOBS = 2


class Silence:
    """`refused` is AWS's word for why it lets nobody in; empty: it does. That says nothing about a job, so one call is enough."""

    def __init__(self, silent: bool = False, refused: str = "") -> None:
        self.silent, self.refused = silent, refused
        self._unanswered: set[uuid.UUID] = set()

    @property
    def paused(self) -> bool:
        return self.silent or bool(self.refused)

    def hear(self, job_id: uuid.UUID, answered: bool, refused: str = "") -> bool:
        """Take in how one call went; True when that changed the state."""
        before = self.silent, bool(self.refused)
        if answered or refused:
            self._unanswered.clear()
            self.silent, self.refused = False, refused
        elif not self.refused:
            self._unanswered.add(job_id)
            self.silent = self.silent or len(self._unanswered) >= JOBS
        return (self.silent, bool(self.refused)) != before
