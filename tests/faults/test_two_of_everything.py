"""Row 16. Two schedulers and two workers at the same run, in processes of their own, again and again: each step is done once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from reports.aws.quicksight import Output
from reports.aws.storage import StoredObject
from reports.engine import claim, collect, due, moves
from reports.engine.only_one import only_one
from reports.models import Slot, SnapshotJob
from reports.occurrences.expanding import Expander
from tenants.scope import engine_scope, tenant_scope
from tests import factories
from tests.faults.outcome import assert_delivered
from tests.reports.engine import steps
from tests.reports.occurrences.steps import deliveries_of, half_of, jobs_of, occurrences_of

pytestmark = pytest.mark.django_db(transaction=True)
ROUNDS, LOCK = 200, 9016
MORNING = datetime(2026, 3, 2, 6, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ENDED_SECONDS = 120


class Twin:
    """One of the two. Both come to each step at the same moment."""

    def __init__(self, schedule, number: int, barrier: Any, told: Any) -> None:
        self.schedule, self.number, self.barrier, self.told = schedule, number, barrier, told

    def run(self) -> None:
        try:
            for number in range(ROUNDS):
                self.told.put((number, "entered", self.enter()))
                self.together(partial(due.note, self.schedule.report.account_id, MORNING + number * MINUTE))
                self.together(Expander(half_of(self.schedule.tenant)).turn)
                self.told.put((number, "claimed", self.together(self.claim)))
                self.together(self.render)
                self.together(self.complete)
        except BaseException:
            # The other one must not wait for ever.
            self.barrier.abort()
            raise

    def together(self, act: Any) -> Any:
        self.barrier.wait(ENDED_SECONDS)
        return act()

    def enter(self) -> int:
        self.barrier.wait(ENDED_SECONDS)
        with only_one(LOCK, 1, "twin") as mine:
            self.barrier.wait(ENDED_SECONDS)
            return int(mine)

    def claim(self) -> int:
        with engine_scope():
            return claim.claim(self.schedule.report.account_id)

    def render(self) -> None:
        """What QuickSight would do meanwhile, by one of the two."""
        if self.number == 0:
            for job in self.jobs("starting"):
                factories.make_attempt(job=job)
                moves.move(job.tenant_id, job.pk, "starting", lambda job: job.move_to("running"))
                moves.move(job.tenant_id, job.pk, "running", lambda job: job.move_to("collecting"))

    def complete(self) -> None:
        for job in self.jobs("collecting"):
            _, attempt = moves.open_attempt(job.tenant_id, job.pk, "collecting")
            file = collect.Found(Output("PDF"), StoredObject(f"{attempt.prefix}a.pdf", 9, b"0" * 32, b"%PDF-", b"%%EOF"))
            # A moment in which the other one sees the job as it was, too.
            self.barrier.wait(ENDED_SECONDS)
            moves.move(
                job.tenant_id,
                job.pk,
                "collecting",
                lambda job, attempt=attempt, file=file: collect._complete(job, attempt, [file], "us-east-1", timezone.now()),
                snapshot_id=attempt.pk,
            )

    def jobs(self, status: str) -> list[SnapshotJob]:
        with tenant_scope(self.schedule.tenant_id):
            return list(SnapshotJob.objects.filter(status=status).select_related("report"))


def test_two_at_the_same_run_two_hundred_times_do_each_step_once(account, acme, daily_calls):
    with engine_scope():
        Slot.objects.filter(account=account, number__gt=1).update(enabled=False)
    schedule = factories.make_schedule(tenant=acme, report=daily_calls, cron="* * * * *", timezone="UTC", next_run_at=MORNING)
    factories.make_audience(schedule=schedule, recipients=[factories.make_recipient(tenant=acme) for _ in range(2)])
    connections.close_all()
    context = get_context("fork")
    barrier, told = context.Barrier(2), context.SimpleQueue()

    twins = [context.Process(target=Twin(schedule, number, barrier, told).run) for number in range(2)]
    for twin in twins:
        twin.start()
    # Read while they run: a full pipe would stop them.
    heard = [told.get() for _ in range(4 * ROUNDS)]
    for twin in twins:
        twin.join(ENDED_SECONDS)

    assert [twin.exitcode for twin in twins] == [0, 0]
    for what in ("entered", "claimed"):
        assert [sum(count for number, name, count in heard if (number, name) == (of, what)) for of in range(ROUNDS)] == [1] * ROUNDS
    assert [occurrence.planned_at for occurrence in occurrences_of(schedule)] == [MORNING + number * MINUTE for number in range(ROUNDS)]
    jobs = jobs_of(schedule)
    assert len(jobs) == ROUNDS
    assert len(deliveries_of(schedule)) == 2 * ROUNDS
    assert_delivered(jobs)
    assert steps.held_slots(account) == 0


def test_the_tables_refuse_a_second_of_what_there_is_one(account, acme, daily_calls):
    """What holds when code is wrong: unique constraints on slot, instant and file."""
    schedule = factories.make_schedule(tenant=acme, report=daily_calls)
    occurrence = factories.make_occurrence(schedule=schedule, planned_at=MORNING)
    job = factories.make_job(tenant=acme, report=daily_calls, status="starting")
    file = factories.make_file(job=job)
    with engine_scope():
        first, second = Slot.objects.filter(account=account)[:2]
    hold(first, job)

    for again in (
        lambda: hold(second, job),
        lambda: factories.make_occurrence(schedule=schedule, planned_at=occurrence.planned_at),
        lambda: factories.make_file(job=job, format=file.format, visual_id=file.visual_id),
    ):
        with pytest.raises(IntegrityError, match="duplicate key"), transaction.atomic():
            again()


def hold(slot: Slot, job: SnapshotJob) -> None:
    with engine_scope():
        Slot.objects.filter(pk=slot.pk).update(job=job.pk)
