"""Permission to run. A slot is a row; a job that leaves the states that hold one gives it back in the same transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

from reports.models import Slot


def free(job_id: uuid.UUID, *, rests_until: datetime | None = None) -> None:
    """In the engine's scope. `rests_until`: the job was given up on, but QuickSight may go on rendering it and counts it as running."""
    Slot.objects.filter(job_id=job_id).update(job=None, rests_until=rests_until)
