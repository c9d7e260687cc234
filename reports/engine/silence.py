"""Whether QuickSight is silent, or one job only cannot get an answer: the first stops an account, the second must not."""

from __future__ import annotations

import uuid

# Unanswered calls for this many different jobs, with no answer in between, are QuickSight's silence.
JOBS = 2


class Silence:
    def __init__(self, silent: bool) -> None:
        self.silent = silent
        self._unanswered: set[uuid.UUID] = set()

    def hear(self, job_id: uuid.UUID, answered: bool) -> bool:
        """Take in how one call went; True when that changed the state."""
        before = self.silent
        if answered:
            self._unanswered.clear()
            self.silent = False
        else:
            self._unanswered.add(job_id)
            self.silent = self.silent or len(self._unanswered) >= JOBS
        return self.silent != before
