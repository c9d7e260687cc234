"""One mail to each owner of a schedule when files are held, and one when nobody decided in time: reports/mails/gate_mails.py."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from reports import notices
from reports.gate.beginning import schedule_of
from reports.mails.failure_notices import owners
from reports.models import Notice, Review

HELD, LAPSED = "held", "lapsed"


def held(review: Review, now: datetime) -> None:
    """In the tenant's scope."""
    _tell(review, HELD, now)


def lapsed(review: Review, now: datetime) -> None:
    _tell(review, LAPSED, now)


def _tell(review: Review, what: str, now: datetime) -> None:
    """Once for an occurrence, however many of its jobs are held."""
    schedule, job = schedule_of(review.job), review.job
    if schedule is None:
        return
    about: dict[str, Any] = {"schedule": schedule, "occurrence": job.occurrence, "job": job, "data": {"what": what}}
    for owner in owners(schedule):
        key = f"held:{what}:{job.occurrence_id or job.pk}:{hashlib.sha256(owner.encode()).hexdigest()[:16]}"
        notices.ask_for(job.tenant, Notice.Kind.HELD, key, owner, now=now, **about)
