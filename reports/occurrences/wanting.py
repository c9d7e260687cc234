"""The jobs of an occurrence: one for each set of rows, with what was wanted at the planned instant."""

from __future__ import annotations

import hashlib
import json
from copy import copy
from datetime import datetime
from uuid import uuid4

from reports import jobs, quotas
from reports.models import Occurrence, SnapshotJob
from tenants.audit import Actor


def check(occurrence: Occurrence, now: datetime) -> SnapshotJob:
    """What all its jobs have in common, not stored. In the tenant's scope; raises Refused."""
    schedule, by_hand = occurrence.schedule, occurrence.kind == Occurrence.Kind.HAND
    wanted = jobs.Wanted(
        schedule.report.slug,
        schedule.formats,
        schedule.parameters,
        schedule.visual_ids,
        lane=SnapshotJob.Lane.NOW if by_hand else SnapshotJob.Lane.SCHEDULED,
        trigger=SnapshotJob.Trigger.SCHEDULE,
        zone=schedule.zone,
        at=occurrence.planned_at,
    )
    return jobs.check(occurrence.tenant, Actor(occurrence.actor or f"schedule {schedule.slug}"), wanted, now=now)


def make_jobs(occurrence: Occurrence, wanted: SnapshotJob, tags: list[dict[str, str]], now: datetime) -> list[SnapshotJob]:
    """One for each of `tags`, in their order; they are all different. In the tenant's scope; raises Refused, and has made none then."""
    quotas.take_jobs(occurrence.tenant, len(tags), now, planned=occurrence.kind == Occurrence.Kind.PLAN)
    made = [_narrowed(wanted, occurrence, narrowing) for narrowing in tags]
    jobs.enqueue(made, now)
    return made


def _narrowed(checked: SnapshotJob, occurrence: Occurrence, tags: dict[str, str]) -> SnapshotJob:
    job = copy(checked)
    job.pk, job.occurrence, job.narrowing_tags = uuid4(), occurrence, tags
    job.fingerprint = fingerprint(job)
    return job


def fingerprint(job: SnapshotJob) -> str:
    """Of all that decides what is in its files: the same twice in an occurrence would be the same files twice."""
    parts = [job.narrowing_tags, job.parameters, job.visual_ids, job.formats]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
