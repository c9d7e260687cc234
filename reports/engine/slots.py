"""Permission to run. A slot is a row; a job that leaves the states that hold one gives it back in the same transaction."""

from __future__ import annotations

import uuid

from reports.models import Slot


def free(job_id: uuid.UUID) -> None:
    """In the engine's scope."""
    Slot.objects.filter(job_id=job_id).update(job=None)
