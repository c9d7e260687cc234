"""What must be true after any fault: nothing lost, nothing doubled, the limit kept, no slot held."""

from __future__ import annotations

from collections.abc import Iterable

from reports.models import Slot, SnapshotJob
from tenants.scope import engine_scope
from tests.reports.engine import steps


def use_slots(account, aws, number: int) -> None:
    """So few slots on both sides: one job too many would be refused and counted there."""
    aws.control.set(slots=number)
    with engine_scope():
        Slot.objects.filter(account=account, number__gt=number).update(enabled=False)


def assert_exactly_once(aws, account, jobs: Iterable[SnapshotJob], *, slots: int, never_sent: Iterable[SnapshotJob] = ()) -> None:
    """Counted at the pretend AWS: each attempt was accepted once and there is no other snapshot. `never_sent`: jobs without one."""
    stats = aws.control.stats()
    sent = {str(attempt.pk): 1 for job in jobs for attempt in steps.attempts_of(job)}
    assert stats["accepted"] == sent
    assert stats["peak_unfinished"] <= slots
    assert stats["refused_by_limit"] == 0
    assert [job.pk for job in (*jobs, *never_sent) if not steps.now_of(job).has_ended] == [], "lost"
    assert steps.held_slots(account) == 0


def assert_delivered(jobs: Iterable[SnapshotJob]) -> None:
    """Each with one set of files, by one attempt."""
    for job in jobs:
        assert steps.status_of(job) == "completed"
        assert len(steps.events_of(job, "completed")) == 1
        assert len(steps.files_of(job)) == len(steps.events_of(job, "saved")) == 1
