"""A batch ends with its last job, once, whoever ends it."""

from __future__ import annotations

import json

import pytest
from django.conf import settings

from reports import jobs
from reports.batches import cancelling, counting, making
from reports.batches.ending import count_down
from reports.batches.items import Item
from reports.models import Batch, Delivery, Event, SnapshotJob
from tenants.audit import Actor
from tenants.models import AuditEvent
from tenants.scope import tenant_scope
from tests import factories
from tests.reports.engine.threads import together
from tests.reports.occurrences import steps

pytestmark = pytest.mark.django_db
ADAM = Actor("adam@acme.example")


@pytest.fixture
def make_batch(acme, daily_calls, now):
    def make(*items: Item) -> tuple[Batch, list[SnapshotJob]]:
        with tenant_scope(acme):
            batch = making.create(acme, ADAM, "", list(items), now)
            return batch, list(SnapshotJob.objects.filter(batch=batch).select_related("tenant", "report").order_by("reference"))

    return make


def lines(count: int, **fields) -> list[Item]:
    return [Item("daily-calls", ["PDF"], reference=f"{number:03}", **fields) for number in range(count)]


def now_of(batch: Batch) -> Batch:
    with tenant_scope(batch.tenant_id):
        return Batch.objects.get(pk=batch.pk)


def counts(batch: Batch) -> counting.Counts:
    with tenant_scope(batch.tenant_id):
        return counting.count(batch)


def cancel(batch: Batch, now) -> int:
    return cancelling.cancel(batch, ADAM, now)


def test_it_ends_with_the_last_of_its_jobs_however_they_end(make_batch, now):
    batch, (first, second, third) = make_batch(*lines(3))
    steps.complete(first, now)
    steps.fail(second, now)
    before = now_of(batch)

    with tenant_scope(batch.tenant_id):
        jobs.cancel(third, ADAM, now=now)

    after = now_of(batch)
    assert (before.open_jobs, before.ended_at) == (1, None)
    assert (after.open_jobs, after.ended_at) == (0, now)


def test_programs_are_told_once_of_its_end(make_batch, now):
    batch, made = make_batch(*lines(2))
    steps.complete(made[0], now)
    steps.fail(made[1], now)

    with tenant_scope(batch.tenant_id):
        told = [json.loads(body) for body in Event.objects.values_list("body", flat=True)]
    assert sorted(body["type"] for body in told) == ["batch.finished", "job.completed", "job.failed"]
    (finished,) = [body["data"] for body in told if body["type"] == "batch.finished"]
    counted = {"total": 2, "queued": 0, "running": 0, "completed": 1, "failed": 1, "cancelled": 0}
    assert finished == {
        "id": str(batch.pk),
        "status": "finished",
        "reference": None,
        "counts": counted,
        "url": f"{settings.PORTAL_BASE_URL}/api/v1/batches/{batch.pk}/",
    }


def test_counts_say_how_far_it_has_come(make_batch, now):
    batch, made = make_batch(*lines(5))
    before = counts(batch)
    steps.complete(made[0], now)
    steps.fail(made[1], now)
    with tenant_scope(batch.tenant_id):
        SnapshotJob.objects.filter(pk=made[2].pk).update(status="collecting")
        SnapshotJob.objects.filter(pk=made[3].pk).update(status="starting")

    halfway = counts(batch)

    assert (before.status, before.queued, before.total) == ("queued", 5, 5)
    assert halfway == counting.Counts(total=5, queued=1, running=2, completed=1, failed=1, cancelled=0)
    assert (halfway.status, halfway.ended) == ("running", 2)


def test_counts_of_many_batches_are_one_statement(make_batch, django_assert_num_queries):
    first, _jobs = make_batch(*lines(2))
    second, _jobs = make_batch(*lines(3))

    with tenant_scope(first.tenant_id), django_assert_num_queries(1):
        found = {batch.pk: counting.counts(batch) for batch in counting.with_counts(Batch.objects.for_tenant(first.tenant))}

    assert (found[first.pk].queued, found[second.pk].queued) == (2, 3)


def test_a_job_outside_of_any_batch_ends_none(acme, daily_calls, now):
    job = factories.make_job(tenant=acme, report=daily_calls, status="completed")

    with tenant_scope(acme):
        assert count_down(job, now) is None


@pytest.mark.django_db(transaction=True)
def test_of_jobs_that_end_at_the_same_moment_exactly_one_ends_it(make_batch, now):
    batch, made = make_batch(*lines(8))
    told = []

    def end(job: SnapshotJob) -> None:
        with tenant_scope(job.tenant_id):
            assert job.move_to("cancelled", finished_at=now)
            told.append(count_down(job, now) is not None)

    faults = together(*(lambda job=job: end(job) for job in made))

    assert faults == []
    assert sorted(told) == [False] * 7 + [True]
    assert (now_of(batch).open_jobs, now_of(batch).ended_at) == (0, now)


class TestCancel:
    def test_what_waits_is_cancelled_and_what_runs_goes_on(self, make_batch, now):
        batch, (first, _second, _third) = make_batch(*lines(3))
        with tenant_scope(batch.tenant_id):
            SnapshotJob.objects.filter(pk=first.pk).update(status="running")

        assert cancel(batch, now) == 2

        assert (counts(batch).running, counts(batch).cancelled, now_of(batch).ended_at) == (1, 2, None)

    def test_all_of_it_ends_the_batch_however_large_it_is(self, make_batch, monkeypatch, now):
        monkeypatch.setattr(cancelling, "AT_ONCE", 2)
        batch, _made = make_batch(*lines(5))

        cancel(batch, now)

        assert (now_of(batch).open_jobs, now_of(batch).ended_at, counts(batch).status) == (0, now, "finished")

    def test_its_mails_end_with_it(self, make_batch, now):
        batch, _made = make_batch(*lines(1, emails=["kim@customer.example"]))

        cancel(batch, now)

        with tenant_scope(batch.tenant_id):
            assert Delivery.objects.get().status == "failed"

    def test_twice_it_cancels_nothing_more_and_is_on_record_once(self, make_batch, now):
        batch, _made = make_batch(*lines(2))
        cancel(batch, now)

        assert cancel(batch, now) == 0

        with tenant_scope(batch.tenant_id):
            rows = AuditEvent.objects.filter(action="batch.cancelled")
            assert [(row.object_id, row.after) for row in rows] == [(str(batch.pk), {"jobs": 2})]

    @pytest.mark.django_db(transaction=True)
    def test_two_at_once_and_jobs_that_end_meanwhile_count_each_job_once(self, make_batch, now):
        batch, made = make_batch(*lines(30))
        told = []

        def end(job: SnapshotJob) -> None:
            with tenant_scope(job.tenant_id):
                told.append(jobs.take_back(job, now, "cancelled"))

        def cancel_all() -> None:
            told.append(cancel(batch, now))

        faults = together(cancel_all, cancel_all, *(lambda job=job: end(job) for job in made[::5]))

        assert faults == []
        assert sum(told) == 30
        assert (now_of(batch).open_jobs, counts(batch).cancelled) == (0, 30)


def test_running_one_of_its_jobs_again_is_outside_of_it(make_batch, now):
    batch, (job,) = make_batch(*lines(1, metadata={"crm": "A-9"}))
    steps.fail(job, now)

    with tenant_scope(batch.tenant_id):
        again = jobs.retry(job, ADAM, now=now)

    assert (again.batch_id, again.reference, again.metadata) == (None, "000", {"crm": "A-9"})
    assert (now_of(batch).open_jobs, now_of(batch).total) == (0, 1)
